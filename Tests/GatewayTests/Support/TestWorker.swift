import CoreMetrics
import Logging
import NIOCore
import NIOPosix

@testable import Gateway

/// What one event loop of a gateway has, without a gateway around it, for a test that looks into it. Its clock stands.
struct TestWorker: Sendable {
    /// A connection that has been accepted.
    struct Accepted: Sendable {
        let channel: any Channel
        private let client: NIOLoopBound<ClientConnection>

        fileprivate init(_ channel: any Channel, _ client: ClientConnection) {
            self.channel = channel
            self.client = NIOLoopBound(client, eventLoop: channel.eventLoop)
        }

        /// Asks it something on its event loop.
        func look<Result: Sendable>(
            _ question: @escaping @Sendable (ClientConnection) -> Result
        ) async throws -> Result {
            try await channel.eventLoop.submit { [client] in question(client.value) }.get()
        }
    }

    let port: Int
    private let worker: NIOLoopBound<Worker>
    private let connections: AsyncStream<Accepted>

    /// Runs `body` while connections are accepted.
    static func with(
        _ configuration: GatewayConfiguration, _ body: (TestWorker) async throws -> Void
    ) async throws {
        let core = try core(configuration)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let worker = try await loop.submit {
            NIOLoopBound(Worker(loop: loop, index: 0, core: core), eventLoop: loop)
        }.get()
        let (connections, accepted) = AsyncStream.makeStream(of: Accepted.self)
        let listener = try await ServerBootstrap(group: loop)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let client = ClientConnection(worker: worker.value, site: .open)
                    try channel.pipeline.syncOperations.addHandler(client)
                    accepted.yield(Accepted(channel, client))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        try await body(TestWorker(port: listener.localAddress?.port ?? 0, worker: worker, connections: connections))
        try await listener.close()
        try await loop.submit { worker.value.stop() }.get()
    }

    /// The next connection.
    func accepted() async throws -> Accepted {
        for await connection in connections { return connection }
        throw CancellationError()
    }

    /// Asks the worker something on its event loop.
    func look<Result: Sendable>(_ question: @escaping @Sendable (Worker) -> Result) async throws -> Result {
        try await worker.eventLoop.submit { [worker] in question(worker.value) }.get()
    }

    /// What event loops of a gateway share.
    static func core(_ configuration: GatewayConfiguration) throws -> GatewayCore {
        let factory = NOOPMetricsHandler.instance
        let metrics = GatewayMetrics(factory: factory)
        let current = CurrentGeneration(try Generation(configuration, metrics: metrics))
        let directory = UpstreamDirectory(configuration.upstreams)
        let endpoints = OwnEndpoints(
            health: HealthBoard(), metrics: metrics, exposition: { "" }, document: OpenAPIDocument(services: []),
            page: try DocsPage(resources: Gateway.resources))
        let limits = Gateway.makeLimits(
            current, redis: nil, directory: directory,
            probe: Probe(group: MultiThreadedEventLoopGroup.singleton, timeout: .seconds(1)), metrics: factory,
            logger: Logger(label: "gateway") { _ in SwiftLogNoOpLogHandler() })
        return GatewayCore(
            current: current, admission: limits.admission, directory: directory, endpoints: endpoints,
            metrics: metrics, operators: Site(router: try Router([]), isPublic: false), accessLog: nil)
    }
}
