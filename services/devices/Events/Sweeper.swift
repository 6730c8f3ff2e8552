import FoundationEssentials
import Logging
import ServiceKit
import ServiceLifecycle

/// Does what only time does: ends commands whose time has passed, and finds devices that fell silent.
///
/// Every instance runs one; an advisory lock lets one of them decide at a time.
struct Sweeper: ServiceLifecycle.Service, CustomStringConvertible {
    private static let batchSize = 500

    let commands: CommandQueue
    let statuses: StatusStore
    let announcer: Announcer
    let logger: Logger

    var description: String { "sweeper" }

    func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask {
                await periodically(
                    every: .seconds(1), orSay: "overdue commands cannot be ended; trying again", to: logger,
                    endCommands)
            }
            group.addTask {
                await periodically(
                    every: .seconds(5), orSay: "silent devices cannot be found; trying again", to: logger,
                    markSilentDevices)
            }
        }
    }

    private func endCommands() async throws {
        while true {
            let ended = try await commands.endOverdue(Self.batchSize)
            if ended > 0 { announcer.committed() }
            guard ended == Self.batchSize else { return }
        }
    }

    private func markSilentDevices() async throws {
        while true {
            let changes = try await statuses.markSilent(Self.batchSize)
            await announcer.changed(changes)
            guard changes.count == Self.batchSize else { return }
        }
    }
}
