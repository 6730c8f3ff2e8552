import Foundation
import NIOCore
import NIOPosix
import Synchronization
import TestKit
import Testing

@testable import Gateway

@Suite("Names of services")
struct HostResolverTests {
    private let address = GatewayConfiguration.Listener(host: "slow.example", port: 80)

    /// A name server that answers when it is told to.
    private final class SlowServer: Sendable {
        let asked = Mutex(0)
        private let answer = DispatchSemaphore(value: 0)

        func look(_ listener: GatewayConfiguration.Listener) -> [SocketAddress] {
            if listener.host == "slow.example" {
                asked.withLock { $0 += 1 }
                answer.wait()
            }
            return [try? SocketAddress(ipAddress: "192.0.2.1", port: listener.port)].compactMap { $0 }
        }

        func release() { answer.signal() }
    }

    @Test("A name that takes long holds nothing up, and is asked for once at a time", .timeLimit(.minutes(1)))
    func slow() async throws {
        let server = SlowServer()
        let resolver = HostResolver(group: MultiThreadedEventLoopGroup.singleton) { server.look($0) }
        async let patient = resolver.resolve(address, within: .hours(1))
        try await eventually { server.asked.withLock { $0 } == 1 }
        // Others wait for the same answer, each as long as it wants.
        let start = ContinuousClock.now
        #expect(await resolver.resolve(address, within: .milliseconds(50)) == nil)
        #expect(ContinuousClock.now - start >= .milliseconds(50))
        let quick = await resolver.resolve(.init(host: "quick.example", port: 80), within: .hours(1))
        #expect(quick?.map(\.address.ipAddress) == ["192.0.2.1"])
        #expect(server.asked.withLock { $0 } == 1)
        server.release()
        #expect(await patient?.map(\.name) == ["slow.example:80"])
        server.release()
        #expect(await resolver.resolve(address, within: .hours(1)) != nil)
        #expect(server.asked.withLock { $0 } == 2)
    }

    @Test("Addresses need no name server, and a name that nobody knows is none")
    func others() async throws {
        let resolver = HostResolver(group: MultiThreadedEventLoopGroup.singleton) { _ in [] }
        let known = await resolver.resolve(.init(host: "127.0.0.1", port: 80), within: .hours(1))
        #expect(known?.map(\.address.ipAddress) == ["127.0.0.1"])
        #expect(await resolver.resolve(address, within: .hours(1)) == nil)
    }
}
