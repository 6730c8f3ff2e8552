import Logging
import ServiceKit
import ServiceLifecycle

/// Lets go of what is too old, or of devices that are no more: logs, statuses and uploads that nobody has ended. Every
/// instance runs one.
struct HistoryKeeper: ServiceLifecycle.Service, CustomStringConvertible {
    private static let batchSize = 2000
    private static let hour = Duration.seconds(3600)
    private static let pollInterval = Duration.seconds(5)

    let logs: LogStore
    let statuses: StatusHistory
    let uploads: FirmwareUploads
    let logger: Logger

    var description: String { "history" }

    func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask {
                await periodically(
                    every: Self.hour, orSay: "partitions of logs could not be kept", to: logger, logs.partitions.keep)
            }
            group.addTask {
                await periodically(
                    every: Self.hour, orSay: "outdated statuses could not be deleted", to: logger, deleteStatuses)
            }
            group.addTask {
                await periodically(
                    every: Self.hour, orSay: "abandoned uploads could not be deleted", to: logger,
                    uploads.deleteAbandoned)
            }
            group.addTask {
                await periodically(
                    every: Self.pollInterval, orSay: "logs of deleted devices could not be deleted", to: logger
                ) {
                    while try await logs.removeSome() {}
                }
            }
        }
    }

    private func deleteStatuses() async throws {
        while try await statuses.deleteOutdated(Self.batchSize) == Self.batchSize {}
    }
}
