// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

import {Permit2, PermitTransferFrom, SignatureTransferDetails} from "./Permit2.sol";

/// What the proxies of x402's schemes have in common: money goes where the payer's witness says, and nowhere else.
abstract contract Permit2Proxy {
    Permit2 public constant PERMIT2 = Permit2(0x000000000022D473030F116dDEE9F6B43aC78BA3);

    event Settled();

    error InvalidAmount();
    error InvalidOwner();
    error InvalidDestination();
    error PaymentTooEarly();

    function _settle(
        PermitTransferFrom calldata permit,
        SignatureTransferDetails memory details,
        address owner,
        uint256 validAfter,
        bytes32 witness,
        string memory witnessTypeString,
        bytes calldata signature
    ) internal {
        require(details.requestedAmount != 0, InvalidAmount());
        require(owner != address(0), InvalidOwner());
        require(details.to != address(0), InvalidDestination());
        require(block.timestamp >= validAfter, PaymentTooEarly());
        PERMIT2.permitWitnessTransferFrom(permit, details, owner, witness, witnessTypeString, signature);
        emit Settled();
    }
}
