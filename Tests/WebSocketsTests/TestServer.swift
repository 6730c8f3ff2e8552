import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

@testable import WebSockets

struct TestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

/// Serves a WebSocket at `/ws`, refuses everybody at `/locked`, and greets at `/`.
struct TestServer {
    typealias Handler = @Sendable (WebSocket) async throws -> Void

    /// Sends every message back.
    static let echo: Handler = { socket in
        for await message in socket.messages {
            switch message {
            case .text(let text): try await socket.send(OutboundFrame(text: text))
            case .binary(let bytes): try await socket.send(OutboundFrame(binary: bytes.readableBytesView))
            }
        }
    }

    private let configuration: WebSocketConfiguration
    private let handler: Handler

    init(_ configuration: WebSocketConfiguration = WebSocketConfiguration(), handler: @escaping Handler = echo) {
        self.configuration = configuration
        self.handler = handler
    }

    /// Runs the server on a free port while `body` runs, which may end it with the trigger.
    func run(
        _ body: @escaping @Sendable (_ port: Int, _ shutDown: @escaping @Sendable () async -> Void) async throws -> Void
    ) async throws {
        let router = Router(context: TestContext.self)
        router.get("/") { _, _ in "hello" }
        router.get("/locked") { _, _ -> Response in throw HTTPError(.unauthorized) }
        router.get("/ws") { [configuration, handler] request, context in
            try await request.upgradeToWebSocket(on: context.channel, configuration: configuration, handler: handler)
        }
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "test")
        logger.logLevel = .error
        let sockets = WebSocketTasks()
        let application = Application(
            router: router, server: .http1WithWebSockets(sockets),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { continuation.yield($0.localAddress?.port ?? 0) }, logger: logger)
        let group = ServiceGroup(configuration: .init(services: [sockets, application], logger: logger))
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            guard let port = await ports.first(where: { _ in true }) else { return }
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(port, { await group.triggerGracefulShutdown() }))
            } catch {
                result = .failure(error)
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            try result.get()
        }
    }
}
