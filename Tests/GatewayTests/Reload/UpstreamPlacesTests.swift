import NIOCore
import Testing

@testable import Gateway

@Suite("The places of upstreams")
struct UpstreamPlacesTests {
    /// A configuration with an upstream and a route to it for each name.
    private func configuration(_ names: String..., issuer: String? = nil) throws -> GatewayConfiguration {
        let yaml = """
            listen: {host: 127.0.0.1, port: 0}
            admin: {host: 127.0.0.1, port: 0}
            upstreams: {\(names.map { "\($0): 'http://127.0.0.1:1'" }.joined(separator: ", "))}
            limits:
              address: {rate: 1, burst: 1}
              credential: {rate: 1, burst: 1}
              sign_in: {rate: 1, burst: 1}
            defaults: {body_limit: 1KiB}
            tokens: {issuer: \(issuer ?? names[0])}
            routes: [\(names.map { "{path: /\($0), upstream: \($0)}" }.joined(separator: ", "))]
            """
        return try GatewayConfiguration(yaml: yaml) { _ in nil }
    }

    private func places(_ configuration: GatewayConfiguration) -> [String: Int] {
        configuration.routes.reduce(into: [:]) { places, route in
            if case .upstream(let place) = route.destination { places[route.pattern.text] = place }
        }
    }

    @Test("Known upstreams keep theirs, new ones come behind, and routes and the issuer follow")
    func following() throws {
        let next = try configuration("new", "b", "a", issuer: "a").following(configuration("a", "b"))
        #expect(next.upstreams.map(\.name) == ["a", "b", "new"])
        #expect(next.upstreams.allSatisfy { !$0.isRetired })
        #expect(places(next) == ["/new": 2, "/b": 1, "/a": 0])
        #expect(next.tokens?.issuer == 0)
    }

    @Test("A removed upstream retires, and has its place again when it comes back")
    func retired() throws {
        let without = try configuration("b").following(configuration("a", "b"))
        #expect(without.upstreams.map(\.name) == ["a", "b"])
        #expect(without.upstreams.map(\.isRetired) == [true, false])
        #expect(places(without) == ["/b": 1])
        let again = try configuration("c", "a").following(without)
        #expect(again.upstreams.map(\.name) == ["a", "b", "c"])
        #expect(again.upstreams.map(\.isRetired) == [false, true, false])
        #expect(places(again) == ["/c": 2, "/a": 0])
    }

    @Test("Routes keep the places at which they are counted, and those of removed ones are not given to others")
    func routes() throws {
        func routePlaces(_ configuration: GatewayConfiguration) -> [String: Int] {
            configuration.routes.reduce(into: [:]) { $0[$1.pattern.text] = $1.place }
        }
        let first = try configuration("a", "b")
        #expect(routePlaces(first) == ["/a": 1, "/b": 2])
        let next = try configuration("new", "b").following(first)
        #expect(routePlaces(next) == ["/new": 3, "/b": 2])
        #expect(next.routeLabels.map(\.service) == ["gateway", "a", "b", "new"])
        #expect(routePlaces(try configuration("b", "a").following(next)) == ["/b": 2, "/a": 1])
    }

    @Test("A limit of requests that comes and goes counts what is under way")
    func limit() throws {
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        let copy = UpstreamCopy(address: address, name: "a")
        let pool = UpstreamPool(policy: UpstreamPolicy(), idleLimit: 8, idleTimeout: .seconds(30))
        pool.update([copy], now: .now())
        guard case .connect(let endpoint) = pool.lease(now: .now(), fresh: false) else {
            Issue.record("no connection is asked for")
            return
        }
        var limited = UpstreamPolicy()
        limited.maximumRequests = 1
        pool.change(policy: limited, idleLimit: 8, idleTimeout: .seconds(30))
        guard case .full = pool.lease(now: .now(), fresh: false) else {
            Issue.record("the request under way is not counted")
            return
        }
        pool.change(policy: UpstreamPolicy(), idleLimit: 8, idleTimeout: .seconds(30))
        pool.forget(endpoint)
        pool.change(policy: limited, idleLimit: 8, idleTimeout: .seconds(30))
        #expect(!copy.load.isFull(limit: 1))
        guard case .connect = pool.lease(now: .now(), fresh: false) else {
            Issue.record("the place is not free again")
            return
        }
        #expect(copy.load.isFull(limit: 1))
    }
}
