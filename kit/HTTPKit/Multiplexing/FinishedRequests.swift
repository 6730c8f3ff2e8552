import Synchronization

/// What has been answered on any thread and is to go out on the event loop, which is woken once for all that gathers.
final class FinishedRequests: Sendable {
    /// What is known of a request that is under way.
    struct Request: Sendable {
        let id: UInt32
        let origin: DirectAnswers.Origin
        /// The path of its route.
        let route: String
    }

    typealias Finished = (request: Request, result: Result<DirectAnswer, any Error>)

    private let finished = Mutex<[Finished]>([])

    /// - Returns: Whether it is the first since the last were taken.
    func add(_ request: Request, _ result: Result<DirectAnswer, any Error>) -> Bool {
        finished.withLock { finished in
            finished.append((request, result))
            return finished.count == 1
        }
    }

    func takeAll() -> [Finished] {
        finished.withLock { finished in
            defer { finished = [] }
            return finished
        }
    }
}
