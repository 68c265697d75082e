// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

import {PermitTransferFrom, SignatureTransferDetails} from "./Permit2.sol";
import {Permit2Proxy} from "./Permit2Proxy.sol";

/// x402's scheme `upto`: the facilitator that the payer has named moves what it asks for, up to the permitted amount.
/// Approvals by EIP-2612 (`settleWithPermit`) are left out.
contract UptoPermit2Proxy is Permit2Proxy {
    struct Witness {
        address to;
        address facilitator;
        uint256 validAfter;
    }

    bytes32 public constant WITNESS_TYPEHASH =
        keccak256("Witness(address to,address facilitator,uint256 validAfter)");
    string public constant WITNESS_TYPE_STRING =
        "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,address facilitator,uint256 validAfter)";

    error AmountExceedsPermitted();
    error UnauthorizedFacilitator();

    function settle(
        PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external {
        require(msg.sender == witness.facilitator, UnauthorizedFacilitator());
        require(amount <= permit.permitted.amount, AmountExceedsPermitted());
        _settle(
            permit,
            SignatureTransferDetails(witness.to, amount),
            owner,
            witness.validAfter,
            keccak256(abi.encode(WITNESS_TYPEHASH, witness)),
            WITNESS_TYPE_STRING,
            signature
        );
    }
}
