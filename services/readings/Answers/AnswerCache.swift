import Logging
import Metrics
import NIOCore

/// Keeps the answers that are expensive to compute, for ten seconds at most.
///
/// While an answer is computed, others who ask for the same wait for it within the instance (``SingleFlight``); of several
/// instances one has the turn, and the others answer what is kept, or wait. With every batch an organization's data begin
/// a new generation (``AnswerRenewal``, once a second), and an answer of an older one is no longer current: it is given
/// only while another computes the new one. So an answer lacks what was stored in the last second or so, and ten seconds
/// at most, whatever becomes of Redis. Without Redis every answer is computed.
struct AnswerCache: Sendable {
    static let lifetime = Duration.seconds(10)
    /// How long is waited for another instance, and how often is looked whether it is done.
    private static let patience = Duration.seconds(5)
    private static let glance = Duration.milliseconds(50)

    private let store: AnswerStore
    private let flights = SingleFlight<String, ByteBuffer>()
    private let logger: Logger

    /// - Parameter store: With a lifetime of zero nothing is kept.
    init(store: AnswerStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// The answer to a question whose asker may have it.
    ///
    /// - Throws: What `compute` throws; `CancellationError`.
    func answer(
        _ question: Question, computedBy compute: @escaping @Sendable () async throws -> ByteBuffer
    ) async throws -> ByteBuffer {
        guard store.lifetime > .zero, question.takesKept else { return try await compute() }
        let key = "\(question.organization) \(question.digest)"
        return try await flights.value(for: key) { try await shared(question, compute) }
    }

    private func shared(
        _ question: Question, _ compute: @Sendable () async throws -> ByteBuffer
    ) async throws -> ByteBuffer {
        let generation: [UInt8]
        let turn: String?
        do {
            let found = try await store.find(question)
            if let kept = found.kept, kept.isCurrent { return counted("hit", ByteBuffer(bytes: kept.body)) }
            generation = found.generation
            turn = try await store.takeTurn(for: question)
            if turn == nil {
                if let kept = found.kept { return counted("older", ByteBuffer(bytes: kept.body)) }
                if let body = try await another(question) { return counted("hit", ByteBuffer(bytes: body)) }
            }
        } catch let error where !(error is CancellationError) {
            logger.debug("an answer could not be looked up", metadata: ["error": "\(error)"])
            return counted("miss", try await compute())
        }
        do {
            let body = counted("miss", try await compute())
            await settle { try await store.keep(Array(body.readableBytesView), for: question, of: generation) }
            await giveBack(turn, for: question)
            return body
        } catch {
            await giveBack(turn, for: question)
            throw error
        }
    }

    /// What another instance computes; nil where it has failed, or takes too long.
    private func another(_ question: Question) async throws -> [UInt8]? {
        let end = ContinuousClock.now + Self.patience
        repeat {
            // Redis tells of a key that is set only on a connection of one's own, which is more than a glance costs.
            try await Task.sleep(for: Self.glance)
            if let kept = try await store.find(question).kept { return kept.body }
        } while try await store.isTurnTaken(for: question) && .now < end
        return nil
    }

    /// In a task of its own, which is not cancelled with whoever computed: whether Redis has done it would not be known, and
    /// the others might wait until the turn runs out.
    private func giveBack(_ turn: String?, for question: Question) async {
        guard let turn else { return }
        await Task { await settle { try await store.giveBackTurn(turn, for: question) } }.value
    }

    /// Does what the answer, which is there, does not depend on.
    private func settle(_ work: () async throws -> Void) async {
        do {
            try await work()
        } catch {
            logger.debug("an answer could not be kept", metadata: ["error": "\(error)"])
        }
    }

    private func counted(_ outcome: String, _ body: ByteBuffer) -> ByteBuffer {
        Counter(label: "lms_readings_answers", dimensions: [("outcome", outcome)]).increment()
        return body
    }
}
