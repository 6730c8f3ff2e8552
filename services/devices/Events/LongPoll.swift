import FoundationEssentials
import HTTPKit
import Reactor
import ServiceKit
import Synchronization

/// A poll that looks whether there is something for its device, and again whenever it is woken, until there is or its
/// time is over. Between two looks it has no task, since thousands wait at once.
final class LongPoll<Answer: Sendable>: WaitingPoll {
    /// What the device is answered; nil when there is nothing yet.
    typealias Look = @Sendable (Occasion) async throws -> Answer?
    /// Takes what the poll is answered, once; nil when nothing came.
    typealias Completion = @Sendable (Result<Answer?, any Error>) -> Void

    enum Occasion {
        case begun, woken
    }

    private enum Phase {
        case looking, waiting, over
    }

    private enum Step {
        case look, wait, end
    }

    private struct State {
        var phase = Phase.looking
        /// Something came while it looked.
        var isWoken = false
        var isTimeOver = false
        var timer: Timer?

        /// What comes after a look that found nothing.
        mutating func next() -> Step {
            if isTimeOver { return .end }
            defer { isWoken = false }
            if isWoken { return .look }
            phase = .waiting
            return .wait
        }
    }

    let device: UUID
    let subject: PollWaiters.Subject
    private let waiters: PollWaiters
    private let trace: RequestTrace?
    private let look: Look
    private let completion: Completion
    private let state = Mutex(State())

    /// - Parameter trace: Of the request, which the looks belong to whoever wakes the poll.
    init(
        of device: UUID, for subject: PollWaiters.Subject, among waiters: PollWaiters,
        trace: RequestTrace? = .current, look: @escaping Look, completion: @escaping Completion
    ) {
        self.device = device
        self.subject = subject
        self.waiters = waiters
        self.trace = trace
        self.look = look
        self.completion = completion
    }

    /// Looks, and waits for `patience` if there is nothing.
    func start(patience: Duration) {
        if patience > .zero {
            waiters.add(self)
            Reactor.shared.perform {
                let timer = Reactor.shared.schedule(after: patience) { self.endWait() }
                let isOver = self.state.withLock { state in
                    state.timer = timer
                    return state.phase == .over
                }
                if isOver { timer.cancel() }
            }
        } else {
            endWait()
        }
        run(.begun)
    }

    func wake() {
        let isToRun = state.withLock { state in
            guard state.phase == .waiting else {
                state.isWoken = true
                return false
            }
            state.phase = .looking
            return true
        }
        if isToRun { run(.woken) }
    }

    func endWait() {
        let isWaiting = state.withLock { state in
            state.isTimeOver = true
            return state.phase == .waiting
        }
        if isWaiting { end(.success(nil)) }
    }

    private func run(_ occasion: Occasion) {
        Task {
            var occasion = occasion
            do {
                while true {
                    if let answer = try await answer(occasion) { return end(.success(answer)) }
                    switch state.withLock({ $0.next() }) {
                    case .look: occasion = .woken
                    case .wait: return
                    case .end: return end(.success(nil))
                    }
                }
            } catch {
                end(.failure(error))
            }
        }
    }

    private func answer(_ occasion: Occasion) async throws -> Answer? {
        guard let trace else { return try await look(occasion) }
        return try await trace.withRequest { try await look(occasion) }
    }

    private func end(_ outcome: Result<Answer?, any Error>) {
        let ended: (isFirst: Bool, timer: Timer?) = state.withLock { state in
            defer { (state.phase, state.timer) = (.over, nil) }
            return (state.phase != .over, state.timer)
        }
        guard ended.isFirst else { return }
        waiters.remove(self)
        if let timer = ended.timer { Reactor.shared.perform { timer.cancel() } }
        completion(outcome)
    }

    /// The answer of a poll by a task, which ends the poll when it is cancelled.
    static func answer(
        to device: UUID, of subject: PollWaiters.Subject, among waiters: PollWaiters, patience: Duration,
        look: @escaping Look
    ) async throws -> Answer? {
        let promise = Promise<Answer?>()
        let poll = LongPoll(of: device, for: subject, among: waiters, look: look) { promise.settle($0) }
        poll.start(patience: patience)
        defer { poll.endWait() }
        return try await promise.value()
    }
}
