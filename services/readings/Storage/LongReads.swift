import FoundationEssentials
import Postgres

/// The database for reads that may take long: they have connections of their own, so that ingest and events do not wait for
/// them.
struct LongReads: Sendable {
    let database: PostgresClient

    /// - Parameter maximum: So many reads are under way at once; what comes beyond them waits for a while and is then
    ///   answered 503.
    init(_ configuration: PostgresConfiguration, atOnce maximum: Int) {
        var configuration = configuration
        configuration.pipelinedConnections = 1
        configuration.maximumLeases = maximum
        database = PostgresClient(configuration)
    }

    /// Keeps the connections; nothing is read unless it runs.
    func run() async {
        await database.run()
    }

    /// Reads what somebody waits for: on a connection of its own, where nobody waits behind it and the caller can give it up.
    /// What takes the server longer than the service's role may, 30 s, it ends, and that is answered 503.
    ///
    /// - Throws: `PostgresError`, and what `body` throws.
    func transaction<Value: Sendable>(
        for organization: UUID, _ body: @Sendable (Transaction) async throws -> Value
    ) async throws -> Value {
        try await database.withTransaction(as: .organization(organization)) { try await body($0) }
    }
}
