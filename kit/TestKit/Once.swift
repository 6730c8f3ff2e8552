/// A value that is made at its first use, by whoever comes first; those who come meanwhile wait for it.
actor Once<Value: Sendable> {
    private enum State {
        case unmade
        case underWay(waiters: [CheckedContinuation<Value, any Error>])
        case made(Value)
    }

    private var state = State.unmade

    /// The value; a failure is told to all who waited, and the next one tries again.
    func value(_ make: @Sendable () async throws -> Value) async throws -> Value {
        switch state {
        case .made(let value):
            return value
        case .underWay(let waiters):
            return try await withCheckedThrowingContinuation { continuation in
                state = .underWay(waiters: waiters + [continuation])
            }
        case .unmade:
            state = .underWay(waiters: [])
            do {
                let value = try await make()
                settle(.success(value), next: .made(value))
                return value
            } catch {
                settle(.failure(error), next: .unmade)
                throw error
            }
        }
    }

    private func settle(_ result: Result<Value, any Error>, next: State) {
        if case .underWay(let waiters) = state {
            for waiter in waiters { waiter.resume(with: result) }
        }
        state = next
    }
}
