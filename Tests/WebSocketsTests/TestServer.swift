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

/// Serves a WebSocket at `/ws`, refuses everybody at `/locked`, greets at `/`, and sends back what it is sent to `/echo`;
/// `/large` has an answer of ``largeSize`` bytes, and what begins with `/drain` tells its connection that the process ends.
struct TestServer {
    /// More than what the kernel keeps of an answer.
    static let largeSize = 16 << 20

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
    private let idleTimeout: TimeAmount?
    private let handler: Handler

    init(
        _ configuration: WebSocketConfiguration = WebSocketConfiguration(), idleTimeout: TimeAmount? = nil,
        handler: @escaping Handler = echo
    ) {
        self.configuration = configuration
        self.idleTimeout = idleTimeout
        self.handler = handler
    }

    /// Runs the server on a free port while `body` runs, which may end it with the trigger.
    func run(
        _ body: @escaping @Sendable (_ port: Int, _ shutDown: @escaping @Sendable () async -> Void) async throws -> Void
    ) async throws {
        let router = Router(context: TestContext.self)
        router.get("/") { _, _ in "hello" }
        router.get("/locked") { _, _ -> Response in throw HTTPError(.unauthorized) }
        router.post("/echo") { request, _ in String(buffer: try await request.body.collect(upTo: 1024)) }
        router.get("/large") { _, _ in String(repeating: "1", count: Self.largeSize) }
        router.get("/drain") { _, context in
            Self.drain(context)
            return "ending"
        }
        let upgrade = { @Sendable [configuration, handler] (request: Request, context: TestContext) in
            try await request.upgradeToWebSocket(on: context.channel, configuration: configuration, handler: handler)
        }
        router.get("/ws", use: upgrade)
        router.get("/drain/ws") { request, context in
            Self.drain(context)
            return try await upgrade(request, context)
        }
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "test")
        logger.logLevel = .error
        let sockets = WebSocketTasks()
        let application = Application(
            router: router,
            server: .http1WithWebSockets(sockets, configuration: .init(idleTimeout: idleTimeout)),
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

    private static func drain(_ context: TestContext) {
        context.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }
}
