import Synchronization
import TestKit

/// A copy of a service that fails as a test says.
final class TestCopy: Sendable {
    enum Behaviour: Equatable {
        /// Answers with a status.
        case answers(Int)
        /// Closes the connection in place of an answer.
        case resets
        /// Never answers.
        case hangs
        /// Closes the connection within the answer.
        case cuts
    }

    private let state: Mutex<(behaviour: Behaviour, isReady: Bool)>
    private let isReleased = Atomic<Bool>(false)
    private let seen = Atomic<Int>(0)
    private let open = Atomic<Int>(0)

    init(_ behaviour: Behaviour = .answers(200)) {
        state = Mutex((behaviour, true))
    }

    /// Requests that have come through the gateway.
    var requests: Int { seen.load(ordering: .relaxed) }
    /// Connections open now on which requests have come.
    var connections: Int { open.load(ordering: .relaxed) }

    var behaviour: Behaviour {
        get { state.withLock { $0.behaviour } }
        set { state.withLock { $0.behaviour = newValue } }
    }

    var isReady: Bool {
        get { state.withLock { $0.isReady } }
        set { state.withLock { $0.isReady = newValue } }
    }

    /// Lets it answer requests for `/items/held`.
    func release() { isReleased.store(true, ordering: .relaxed) }

    /// Runs `body` with two copies that listen.
    static func withTwo<Result: Sendable>(
        _ one: TestCopy, _ other: TestCopy, _ body: @escaping @Sendable (_ ports: [Int]) async throws -> Result
    ) async throws -> Result {
        try await RawServer.with {
            try await one.serve(&$0, $1)
        } _: { first in
            try await RawServer.with {
                try await other.serve(&$0, $1)
            } _: { second in
                try await body([first.port, second.port])
            }
        }
    }

    func serve(_ connection: inout RawConnection, _ number: Int) async throws {
        var isCounted = false
        defer { if isCounted { open.subtract(1, ordering: .relaxed) } }
        while true {
            let request = try await connection.message()
            if request.startLine.contains("/readyz") {
                try await Self.answer(isReady ? 200 : 503, on: connection)
                continue
            }
            guard request.startLine.contains("/items") || request["upgrade"] != nil else {
                // What the gateway itself asks for.
                try await Self.answer(404, on: connection)
                continue
            }
            if !isCounted { open.add(1, ordering: .relaxed) }
            isCounted = true
            seen.add(1, ordering: .relaxed)
            if request["upgrade"] != nil {
                try await connection.send(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
                while let bytes = try await connection.read() { try await connection.send(bytes) }
                return
            }
            if request.startLine.contains("/held") {
                try await eventually(within: .seconds(60)) { isReleased.load(ordering: .relaxed) }
            }
            switch behaviour {
            case .answers(let status): try await Self.answer(status, on: connection)
            case .resets: return
            case .hangs:
                while try await connection.read() != nil {}
                return
            case .cuts:
                try await connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
                return
            }
        }
    }

    private static func answer(_ status: Int, on connection: RawConnection) async throws {
        try await connection.send("HTTP/1.1 \(status) X\r\nContent-Length: 2\r\n\r\nok")
    }
}
