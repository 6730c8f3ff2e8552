import FoundationEssentials
import Identity
import Kernel
import Postgres

/// What the audit trail keeps of fleet keys, provisioning and claims. Other services hear of it as devices and keys.
extension Ledger {
    func created(_ key: ProvisioningKey, _ cause: Cause) throws -> SQL {
        try audit("provisioning_key.created", key.id, key.organizationID, cause, key)
    }

    func deleted(_ key: ProvisioningKey, _ cause: Cause) throws -> SQL {
        try audit("provisioning_key.deleted", key.id, key.organizationID, cause, key)
    }

    /// A board has got its device, for the first time or again.
    func provisioned(
        _ device: UUID, by key: ProvisioningKey, from address: String?, _ board: BoardIdentity, _ cause: Cause
    ) throws -> SQL {
        try audit(
            "device.provisioned", device, key.organizationID, cause,
            [
                "provisioning_key_id": key.id.text, "provisioning_key_name": key.terms.name, "address": address,
                "firmware_version": board.firmwareVersion,
            ])
    }

    func gaveClaimCode(_ device: Device, until end: Timestamp, _ cause: Cause) throws -> SQL {
        try audit("device.claim_code_issued", device.id, device.organizationID, cause, ["expires_at": end])
    }

    func claimed(_ device: Device, by user: UUID, _ cause: Cause) throws -> SQL {
        try audit(
            "device.claimed", device.id, device.organizationID, cause,
            ["claimed_by": user.text, "project_id": device.profile.projectID?.text])
    }
}
