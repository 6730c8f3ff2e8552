import Postgres
import Reactor
import ServiceKit
import Synchronization

/// Looks things up for all who ask at about the same time, in one statement.
///
/// Batches form by themselves: while one is read, the next keys gather.
final class BatchedLookup<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// Reads what there is for some of the keys.
    typealias Read = @Sendable ([Key]) async throws -> [Key: Value]

    private struct Question {
        let key: Key
        let answer = Promise<Value?>()
    }

    private let read: Read
    private let state = Mutex((questions: [Question](), isReading: false))

    init(read: @escaping Read) {
        self.read = read
    }

    /// What there is for `key`, read after it was asked for.
    ///
    /// - Throws: what `read` throws.
    func value(for key: Key) async throws -> Value? {
        let question = Question(key: key)
        let mustRead = state.withLock { state in
            state.questions.append(question)
            defer { state.isReading = true }
            return !state.isReading
        }
        // Belongs to none of those who ask.
        if mustRead { Task.detached { await self.readAll() } }
        return try await question.answer.value()
    }

    private func readAll() async {
        while let questions = next() {
            do {
                let values = try await PostgresClient.$patience.withValue(PostgresClient.requestPatience) {
                    try await read(Array(Set(questions.map(\.key))))
                }
                for question in questions { question.answer.settle(.success(values[question.key])) }
            } catch {
                // Who has gathered meanwhile would wait as long again for the same.
                for question in questions + gathered() { question.answer.settle(.failure(error)) }
            }
        }
    }

    /// Those who have gathered; nil when nobody has, and the next one reads.
    private func next() -> [Question]? {
        state.withLock { state in
            state.isReading = !state.questions.isEmpty
            defer { state.questions = [] }
            return state.isReading ? state.questions : nil
        }
    }

    private func gathered() -> [Question] {
        state.withLock { state in
            defer { state.questions = [] }
            return state.questions
        }
    }
}
