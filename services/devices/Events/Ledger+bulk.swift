import Postgres

/// What the audit trail keeps of bulk commands. Other services hear of the commands that are made of them.
extension Ledger {
    func created(_ bulk: BulkCommand, _ cause: Cause) throws -> SQL {
        try audit("bulk_command.created", bulk.id, bulk.organizationID, cause, bulk)
    }

    func cancelled(_ bulk: BulkCommand, _ cause: Cause) throws -> SQL {
        try audit("bulk_command.cancelled", bulk.id, bulk.organizationID, cause, bulk)
    }
}
