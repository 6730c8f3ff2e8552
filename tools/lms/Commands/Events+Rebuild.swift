import ArgumentParser
import EventBus
import FoundationEssentials
import Kernel
import Redis

extension Events {
    struct Rebuild: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Has a service make anew what it keeps of another one's.",
            discussion: """
                For a service that `lms doctor` says differs. Its consumer group is removed, and the running service, \
                as always when its group is missing, reads the owner's snapshot and then every event that the stream \
                still holds; it counts none of them twice. It serves on meanwhile.
                """)

        @Argument(help: "The service that is to know better, such as readings.", transform: service)
        var service: Kernel.Service

        @Option(help: "Whose facts it is about.", transform: service)
        var of = Kernel.Service.devices

        @Option(help: "The folder of `lms up`.")
        var dataDir = ".lms"

        func run() async throws {
            let existing = try ExistingInstallation(
                environment: ProcessInfo.processInfo.environment, dataDirectory: dataDir)
            let redis = RedisClient(try RedisConfiguration(url: existing.installation.redisURL))
            let stream = StreamName.events(of)
            let wasThere = try await redis.withConnection {
                try await $0.xgroupDestroy(stream, group: service.rawValue)
            }
            guard wasThere else { throw ValidationError("\(service) does not read \(stream).") }
            print("\(service) makes anew what it keeps of \(of).")
        }

        private static func service(_ name: String) throws -> Kernel.Service {
            guard let service = Kernel.Service(rawValue: name) else {
                let names = Kernel.Service.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("\(name) is none of \(names).")
            }
            return service
        }
    }
}
