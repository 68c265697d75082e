// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

import {PermitTransferFrom, SignatureTransferDetails} from "./Permit2.sol";
import {Permit2Proxy} from "./Permit2Proxy.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// x402's scheme `exact`: the whole permitted amount moves, whoever asks for it.
contract ExactPermit2Proxy is Permit2Proxy {
    struct Witness {
        address to;
        uint256 validAfter;
    }

    bytes32 public constant WITNESS_TYPEHASH = keccak256("Witness(address to,uint256 validAfter)");
    string public constant WITNESS_TYPE_STRING =
        "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,uint256 validAfter)";

    struct EIP2612Permit {
        uint256 value;
        uint256 deadline;
        bytes32 r;
        bytes32 s;
        uint8 v;
    }

    event SettledWithPermit();

    error Permit2612AmountMismatch();

    function settle(
        PermitTransferFrom calldata permit,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external {
        _move(permit, owner, witness, signature);
    }

    /// Has the allowance made first. A permit that fails is no obstacle: somebody may have used it before.
    function settleWithPermit(
        EIP2612Permit calldata approval,
        PermitTransferFrom calldata permit,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external {
        require(approval.value == permit.permitted.amount, Permit2612AmountMismatch());
        try
            IERC20Permit(permit.permitted.token).permit(
                owner,
                address(PERMIT2),
                approval.value,
                approval.deadline,
                approval.v,
                approval.r,
                approval.s
            )
        {} catch {}
        _move(permit, owner, witness, signature);
        emit SettledWithPermit();
    }

    function _move(
        PermitTransferFrom calldata permit,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) private {
        _settle(
            permit,
            SignatureTransferDetails(witness.to, permit.permitted.amount),
            owner,
            witness.validAfter,
            keccak256(abi.encode(WITNESS_TYPEHASH, witness)),
            WITNESS_TYPE_STRING,
            signature
        );
    }
}
