import Glibc
import Logging
import ServiceKit
import ServiceLifecycle
import Synchronization

/// Whether there is maintenance now.
final class MaintenanceSwitch: Sendable {
    let mode: MaintenanceMode
    private let hasFile = Atomic<Bool>(false)

    init(_ mode: MaintenanceMode) {
        self.mode = mode
        look()
    }

    var isOn: Bool { mode.isEnabled || hasFile.load(ordering: .relaxed) }

    /// Looks whether the file is there, which may block for as long as its disk does.
    func look() {
        guard let file = mode.file else { return }
        hasFile.store(access(file, F_OK) == 0, ordering: .relaxed)
    }
}

/// Looks for the file of maintenance once a second, away from the event loops.
struct MaintenanceWatch: Service {
    static let interval = Duration.seconds(1)

    let current: CurrentGeneration
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            var last = false
            for await _ in Rounds(every: Self.interval) {
                let maintenance = current.value.maintenance
                maintenance.look()
                let isOn = maintenance.isOn
                if isOn != last { logger.notice("maintenance", metadata: ["state": "\(isOn ? "begun" : "ended")"]) }
                last = isOn
            }
        }
    }
}
