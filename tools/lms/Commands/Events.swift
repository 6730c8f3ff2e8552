import ArgumentParser
import EventBus
import FoundationEssentials
import Redis

struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Deals with events that could not be applied, or were missed.",
        subcommands: [Replay.self, Rebuild.self])

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts dead letters back into their stream, oldest first.",
            discussion: """
                A consumer gives an event up after five failures. Mend the cause first. Every service that reads the \
                stream gets the event once more.
                """)

        @Argument(help: "The stream, such as lms:events:devices.")
        var stream: String

        @Option(help: "Only this dead letter; may be given several times.")
        var id: [String] = []

        @Option(help: "The folder of `lms up`.")
        var dataDir = ".lms"

        func validate() throws {
            for text in id where StreamID(text) == nil {
                throw ValidationError("\(text) is no id of an entry, such as 1795489225011-0.")
            }
        }

        func run() async throws {
            let existing = try ExistingInstallation(
                environment: ProcessInfo.processInfo.environment, dataDirectory: dataDir)
            let redis = RedisClient(try RedisConfiguration(url: existing.installation.redisURL))
            try await redis.withConnection { try await replay(DeadLetters(of: stream, redis: $0)) }
        }

        private func replay(_ letters: DeadLetters) async throws {
            let wanted = id.compactMap(StreamID.init)
            // What fails again comes back as a new letter: those that are there now are replayed once.
            let found = try await letters.list(count: 10_000).filter { wanted.isEmpty || wanted.contains($0.id) }
            var count = 0
            for (id, letter) in found where try await letters.replay(id) {
                print("\(id) of \(letter.group): \(letter.error)")
                count += 1
            }
            print("\(count) replayed.")
            let missing = wanted.filter { id in !found.contains { $0.id == id } }
            guard missing.isEmpty else {
                throw ValidationError("There is no dead letter \(missing.map(\.description).joined(separator: ", ")).")
            }
        }
    }
}
