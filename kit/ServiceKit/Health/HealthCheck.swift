import Reactor
import Synchronization

/// One thing that readiness depends on, and who waits to hear of it.
///
/// It is under way once at most: who asks in the meantime hears what that one finds.
final class HealthCheck: Sendable {
    /// What a check found: why the dependency cannot be used, or nil.
    typealias Finding = String?

    private struct State {
        var isUnderWay = false
        var waiters: [Int: Promise<Finding>] = [:]
        var nextWaiter = 0
    }

    let name: String
    private let check: Health.Check
    private let state = Mutex(State())

    init(name: String, check: @escaping Health.Check) {
        self.name = name
        self.check = check
    }

    /// Waits for what the check finds, `deadline` at most.
    ///
    /// - Parameter start: Called when it is not under way; has ``run()`` called.
    func finding(within deadline: Duration, start: (HealthCheck) -> Void) async -> Finding {
        let promise = Promise<Finding>()
        let (waiter, mustStart) = state.withLock { state in
            defer {
                state.isUnderWay = true
                state.waiters[state.nextWaiter] = promise
                state.nextWaiter += 1
            }
            return (state.nextWaiter, !state.isUnderWay)
        }
        defer { state.withLock { $0.waiters[waiter] = nil } }
        if mustStart { start(self) }
        return await withTaskGroup(of: Finding.self) { group in
            group.addTask {
                do { return try await promise.value() } catch { return "nobody waited for an answer" }
            }
            group.addTask {
                try? await Task.sleep(for: deadline)
                return "no answer within \(deadline)"
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    /// Checks, however long that takes, and tells all who wait by then.
    func run() async {
        var finding: Finding
        do {
            try await check()
            finding = nil
        } catch {
            finding = String(describing: error)
        }
        let waiters = state.withLock { state in
            state.isUnderWay = false
            return state.waiters.values
        }
        for waiter in waiters { waiter.settle(.success(finding)) }
    }
}
