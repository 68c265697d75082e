// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

import {PermitTransferFrom, SignatureTransferDetails} from "./Permit2.sol";
import {Permit2Proxy} from "./Permit2Proxy.sol";

/// x402's scheme `exact`: the whole permitted amount moves, whoever asks for it.
contract ExactPermit2Proxy is Permit2Proxy {
    struct Witness {
        address to;
        uint256 validAfter;
    }

    bytes32 public constant WITNESS_TYPEHASH = keccak256("Witness(address to,uint256 validAfter)");
    string public constant WITNESS_TYPE_STRING =
        "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,uint256 validAfter)";

    function settle(
        PermitTransferFrom calldata permit,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external {
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
