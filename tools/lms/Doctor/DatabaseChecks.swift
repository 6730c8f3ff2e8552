import Kernel
import LocalStack
import Postgres

/// The database of an installation: whether it can be reached, and is as the services need it.
struct DatabaseChecks: Sendable {
    let installation: Installation
    let binaries: String
    let origin: String
    /// Copies of each service.
    let instances: Int

    func findings() async -> [Finding] {
        var configuration = installation.administrator
        configuration.acquireTimeout = .seconds(5)
        let client = PostgresClient(configuration)
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            defer { group.cancelAll() }
            do {
                let facts = try await facts(client)
                let schema = await migrations()
                let projections = schema.isProblem ? [] : await ProjectionChecks(client: client).findings()
                return [version(facts), timescale(facts), budget(facts), schema] + projections
            } catch {
                return [
                    .problem(
                        "database", "\(installation.administrator) does not answer: \(error)",
                        advice: "Check the URL (it is from \(origin)) and that the server runs.")
                ]
            }
        }
    }

    private struct Facts {
        let version: Int32
        let connections: Int32
        let hasTimescaleDB: Bool
        let couldHaveTimescaleDB: Bool
    }

    private func facts(_ client: PostgresClient) async throws -> Facts {
        let rows = try await client.query(
            """
            SELECT current_setting('server_version_num')::int,
                current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
                EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb'),
                EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
            """)
        guard
            let (version, connections, has, could) = try rows.first?.decode(
                Int32.self, Int32.self, Bool.self, Bool.self)
        else { throw LocalStackError.malformedURL(variable: origin, expected: "postgresql://…") }
        return Facts(version: version, connections: connections, hasTimescaleDB: has, couldHaveTimescaleDB: could)
    }

    private func version(_ facts: Facts) -> Finding {
        let text = "PostgreSQL \(facts.version / 10_000).\(facts.version % 10_000) at \(installation.administrator)"
        return facts.version / 10_000 >= Int32(PostgresInstallation.minimumVersion)
            ? .ok("database", text)
            : .problem(
                "database", text,
                advice: "Version \(PostgresInstallation.minimumVersion) or newer is needed.")
    }

    private func timescale(_ facts: Facts) -> Finding {
        if facts.hasTimescaleDB { return .ok("TimescaleDB", "in use") }
        if facts.couldHaveTimescaleDB {
            return .note(
                "TimescaleDB", "installed on the server, but not in this database",
                advice: "It is used when it is there at the first `lms migrate --bootstrap`.")
        }
        return .note(
            "TimescaleDB", "not installed; native partitions are used instead, without compression",
            advice: "How to install it: https://docs.timescale.com/self-hosted/latest/install/")
    }

    private func budget(_ facts: Facts) -> Finding {
        let configuration = installation.administrator
        return ConnectionBudget(
            instances: instances, services: Service.allCases.count,
            pool: configuration.pipelinedConnections + configuration.maximumLeases, available: Int(facts.connections)
        ).finding
    }

    private func migrations() async -> Finding {
        do {
            let logs = try TemporaryFolder()
            let schema = Schema(installation, binaries: binaries) { "\(logs.path)/\($0)" }
            let differences = try await schema.differences()
            guard let first = differences.first else { return .ok("schema", "every migration has been applied") }
            let more = differences.count > 1 ? " (and \(differences.count - 1) more)" : ""
            return .problem("schema", first + more, advice: "Type: lms migrate --bootstrap")
        } catch {
            return .problem("schema", "\(error)", advice: "Type: lms migrate --bootstrap")
        }
    }
}
