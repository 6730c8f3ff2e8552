import EventBus
import Postgres

extension DeviceStore {
    /// What this service holds of an organization. Its end is told by auth, so of its devices and keys nothing more is.
    static let parts: [OrganizationRemoval.Step] = [
        LogStore.removal,
        .rows(of: "devices.log_removals"),
        .rows(of: "devices.status_changes"),
        .rows(of: "devices.battery_samples"),
        .rows(of: "devices.commands"),
        .rows(of: "devices.bulk_targets"),
        .rows(of: "devices.bulk_commands"),
        .rows(of: "devices.config_versions"),
        .rows(of: "devices.configs"),
        .rows(of: "devices.device_keys"),
        .rows(of: "devices.provisions"),
        .rows(of: "devices.claim_codes"),
        .rows(of: "devices.claims"),
        .rows(of: "devices.firmware_updates"),
        .rows(of: "devices.devices"),
        .rows(of: "devices.revocations"),
        .rows(of: "devices.provisioning_keys"),
        .rows(of: "devices.claim_guesses"),
        .rows(of: "core.entities", where: "entity_type LIKE 'device.%'"),
        .rows(of: "devices.config_descriptions"),
        .rows(of: "devices.command_templates"),
        .rows(of: "devices.firmware_chunks"),
        .rows(of: "devices.firmware"),
        .rows(of: "devices.limits"),
    ]
}
