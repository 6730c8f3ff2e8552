import FoundationEssentials
import HTTPKit
import Identity
import Reactor
import ServiceKit
import Synchronization

/// A poll that looks whether there is something for its device, and again whenever it is woken, until there is or its
/// time is over. The key is looked at with each look, since it may be revoked meanwhile. Between two looks the poll has
/// no task of its own, since thousands wait at once.
final class LongPoll<Answer: Sendable>: WaitingPoll {
    /// What the device is answered; nil when there is nothing yet.
    typealias Look = @Sendable (DevicePrincipal, Occasion) async throws -> Answer?
    /// Takes what the poll is answered, once; nil when nothing came.
    typealias Completion = @Sendable (Result<Answer?, any Error>) -> Void

    enum Occasion {
        case begun, woken
    }

    let subject: PollWaiters.Subject
    private let caller: DeviceCaller
    private let waiters: PollWaiters
    private let trace: RequestTrace?
    private let look: Look
    private let completion: Completion
    private let state = Mutex((poll: PollState(), timer: Timer?.none))

    var device: UUID { caller.device }

    /// - Parameter trace: Of the request, to which the looks belong whoever wakes the poll.
    init(
        by caller: DeviceCaller, for subject: PollWaiters.Subject, among waiters: PollWaiters,
        trace: RequestTrace? = .current, look: @escaping Look, completion: @escaping Completion
    ) {
        self.caller = caller
        self.subject = subject
        self.waiters = waiters
        self.trace = trace
        self.look = look
        self.completion = completion
    }

    /// Looks, and waits for `patience` if there is nothing.
    func start(patience: Duration) {
        if patience > .zero {
            Reactor.shared.perform {
                let timer = Reactor.shared.schedule(after: patience) { self.endWait() }
                let isOver = self.state.withLock { state in
                    state.timer = timer
                    return state.poll.phase == .over
                }
                if isOver { timer.cancel() }
            }
        } else {
            endWait()
        }
        run(.begun)
    }

    func wake() {
        if handle(.woken) == .look { run(.woken) }
    }

    func endWait() {
        handle(.timeOver)
    }

    /// In a task that belongs to no other: a poll that waits has none, and who wakes it does not wait for the look.
    private func run(_ occasion: Occasion) {
        Task {
            var occasion = occasion
            do {
                repeat {
                    if let answer = try await answer(occasion) { return end(.success(answer)) }
                    occasion = .woken
                } while handle(.foundNothing) == .look
            } catch {
                end(.failure(error))
            }
        }
    }

    private func answer(_ occasion: Occasion) async throws -> Answer? {
        guard let trace else { return try await checkedLook(occasion) }
        return try await trace.withRequest { try await checkedLook(occasion) }
    }

    private func checkedLook(_ occasion: Occasion) async throws -> Answer? {
        let device = try await caller.check()
        // Only now, or a stranger could stand before the device; and before the look, or what comes in between is missed.
        if occasion == .begun { waiters.add(self) }
        return try await look(device, occasion)
    }

    @discardableResult private func handle(_ event: PollState.Event) -> PollState.Action {
        let action = state.withLock { $0.poll.handle(event) }
        if action == .answer { finish(.success(nil)) }
        return action
    }

    private func end(_ outcome: Result<Answer?, any Error>) {
        if state.withLock({ $0.poll.handle(.ended) }) == .answer { finish(outcome) }
    }

    private func finish(_ outcome: Result<Answer?, any Error>) {
        if let timer = state.withLock({ $0.timer }) { Reactor.shared.perform { timer.cancel() } }
        waiters.remove(self)
        // What it was woken for is another poll's now.
        if case .success(.some) = outcome {} else { waiters.wake(device) }
        completion(outcome)
    }
}
