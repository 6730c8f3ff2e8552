import Postgres

/// What the audit trail keeps of command templates. Other services do not hear of them.
extension Ledger {
    func created(_ template: CommandTemplate, _ cause: Cause) throws -> SQL {
        try audit("command_template.created", template.id, template.organizationID, cause, template)
    }

    func updated(_ before: CommandTemplate, _ after: CommandTemplate, _ cause: Cause) throws -> SQL {
        try audit(
            "command_template.updated", after.id, after.organizationID, cause, Difference(before, after))
    }

    func deleted(_ template: CommandTemplate, _ cause: Cause) throws -> SQL {
        try audit("command_template.deleted", template.id, template.organizationID, cause, template)
    }
}
