/// A server or service that can be started, again and again.
public protocol Program: Sendable {
    /// The name for logs and messages.
    var name: String { get }
    /// What asks it to stop in order.
    var stopSignal: Signal { get }
    /// How long it may take to stop before it is killed.
    var stopGrace: Duration { get }
    /// Starts a process and returns once it has begun its work.
    func launch() async throws -> ChildProcess
}

extension ChildProcess {
    /// Waits until `isReady` says yes, and ends the process when it does not within `limit`.
    ///
    /// - Throws: ``LocalStackError/notReady(server:reason:log:lastLines:)``, also when the process ends before.
    func waitUntilReady(
        _ name: String, log: String, within limit: Duration, isReady: @Sendable () async -> Bool
    ) async throws {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while true {
            if await isReady() { return }
            if let status = await waitForExit(within: .milliseconds(20)) {
                throw LocalStackError.notReady(
                    server: name, reason: "it \(status)", log: log, lastLines: lastLines(ofFile: log))
            }
            if ContinuousClock.now >= deadline {
                await stop(with: .kill, grace: .zero)
                throw LocalStackError.notReady(
                    server: name, reason: "no answer within \(limit)", log: log, lastLines: lastLines(ofFile: log))
            }
        }
    }
}
