import ArgumentParser
import FoundationEssentials
import Postgres

/// How many statements a second one connection answers when many tasks share it.
struct SelectRate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "select-rate", abstract: "Counts `SELECT 1` over one pipelined connection; prints JSON.")

    @Option(help: "The database; LMS_BENCH_DATABASE_URL when absent, since arguments are seen by everybody.")
    var url: String?

    @Option(help: "How many tasks ask at once.")
    var tasks = 64

    @Option(help: "For how many seconds, after one that does not count.")
    var seconds = 3.0

    func validate() throws {
        guard (1...10_000).contains(tasks) else { throw ValidationError("--tasks must be between 1 and 10000.") }
        guard (0.1...60).contains(seconds) else { throw ValidationError("--seconds must be between 0.1 and 60.") }
    }

    func run() async throws {
        guard let url = url ?? ProcessInfo.processInfo.environment["LMS_BENCH_DATABASE_URL"] else {
            throw ValidationError("Which database? Give --url or set LMS_BENCH_DATABASE_URL.")
        }
        var configuration = try PostgresConfiguration(url: url)
        configuration.pipelinedConnections = 1
        let client = PostgresClient(configuration)
        let rate = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await client.run() }
            defer { group.cancelAll() }
            _ = try await Self.measure(client, tasks: tasks, for: .seconds(1))
            return try await Self.measure(client, tasks: tasks, for: .seconds(seconds))
        }
        print(#"{"statements": \#(rate.statements), "seconds": \#(rate.seconds)}"#)
    }

    /// Asks from `tasks` tasks, each waiting for its answer before it asks again.
    private static func measure(
        _ client: PostgresClient, tasks: Int, for duration: Duration
    ) async throws -> (statements: Int, seconds: Double) {
        let start = ContinuousClock.now
        let statements = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<tasks {
                group.addTask {
                    var answered = 0
                    while start.duration(to: .now) < duration {
                        guard try await client.query("SELECT 1").first?.decode(Int32.self, at: 0) == 1 else {
                            throw ValidationError("The server answered something else than 1.")
                        }
                        answered += 1
                    }
                    return answered
                }
            }
            return try await group.reduce(0, +)
        }
        return (statements, start.duration(to: .now) / .seconds(1))
    }
}
