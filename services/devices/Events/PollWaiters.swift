import FoundationEssentials
import Metrics
import ServiceKit
import Synchronization

/// A poll that waits for something to answer.
protocol WaitingPoll: AnyObject, Sendable {
    var device: UUID { get }
    var subject: PollWaiters.Subject { get }

    /// There may be something now.
    func wake()

    /// It is answered with what there is.
    func endWait()
}

/// The long polls that wait in this process. One that waits costs no connection to the database.
final class PollWaiters: Sendable {
    /// What a device waits for.
    enum Subject: String, CaseIterable {
        case commands, configuration
    }

    private struct State {
        /// Of each device in the order in which they came.
        var polls: [Subject: [UUID: [any WaitingPoll]]] = [:]
        var isDraining = false
    }

    private let state = Mutex(State())
    private let waiting: [Subject: Meter]

    init(metrics: PrometheusRegistry) {
        metrics.describe("lms_long_polls_waiting", "Long polls that wait, by what for.")
        waiting = Dictionary(
            uniqueKeysWithValues: Subject.allCases.map { subject in
                let dimensions = [("subject", subject.rawValue)]
                return (subject, Meter(label: "lms_long_polls_waiting", dimensions: dimensions, factory: metrics))
            })
    }

    /// The devices of which a poll waits.
    func devices(waitingFor subject: Subject) -> [UUID] {
        state.withLock { Array(($0.polls[subject] ?? [:]).keys) }
    }

    /// Wakes the device's latest poll for each subject: the earlier ones may be those of connections that it has lost.
    func wake(_ device: UUID) {
        let polls = state.withLock { state in Subject.allCases.compactMap { state.polls[$0]?[device]?.last } }
        for poll in polls { poll.wake() }
    }

    /// Ends the wait of all polls, and of those that come from now on.
    func drain() {
        let polls = state.withLock { state in
            state.isDraining = true
            return state.polls.values.flatMap(\.values).flatMap { $0 }
        }
        for poll in polls { poll.endWait() }
    }

    /// Takes in a poll, which is woken from now on.
    func add(_ poll: any WaitingPoll) {
        let isDraining = state.withLock { state in
            state.polls[poll.subject, default: [:]][poll.device, default: []].append(poll)
            return state.isDraining
        }
        waiting[poll.subject]?.increment()
        if isDraining { poll.endWait() }
    }

    func remove(_ poll: any WaitingPoll) {
        let wasAdded = state.withLock { state in
            guard var polls = state.polls[poll.subject]?[poll.device],
                let index = polls.firstIndex(where: { $0 === poll })
            else { return false }
            polls.remove(at: index)
            state.polls[poll.subject]?[poll.device] = polls.isEmpty ? nil : polls
            return true
        }
        if wasAdded { waiting[poll.subject]?.decrement() }
    }
}
