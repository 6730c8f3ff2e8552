import EventBus
import Foundation
import Identity
import Synchronization

/// Stands in for a service of which others keep projections: answers the snapshots that the test gives it, two things a
/// page, so that reading it takes several; and for `auth` by the keys of ``TestIssuer``.
public final class TestOwner: Sendable {
    private let snapshots: Snapshots
    private let server: TestHTTPServer

    private init(snapshots: Snapshots, server: TestHTTPServer) {
        self.snapshots = snapshots
        self.server = server
    }

    /// What `LMS_…_URL` is to say.
    public var url: String { server.url }

    /// How many pages have been asked for, by the kinds of their snapshots.
    public var pagesAsked: [String: Int] {
        server.requests.reduce(into: [:]) { counts, request in
            if let kind = Snapshots.kind(request.path) { counts[kind, default: 0] += 1 }
        }
    }

    /// - Parameter otherwise: What is answered to anything else.
    public static func start(
        otherwise: @escaping @Sendable (TestHTTPRequest) -> TestHTTPServer.Answer = { _ in (404, "{}") }
    ) async throws -> TestOwner {
        let snapshots = Snapshots()
        let keys = JSONWebKeySet(keys: [try await TestIssuer.shared().publicKey])
        let json = String(decoding: try JSONEncoder().encode(keys), as: UTF8.self)
        let server = try await TestHTTPServer.start { request in
            if request.path == "/.well-known/jwks.json" { return (200, json) }
            return snapshots.answer(request.path) ?? otherwise(request)
        }
        return TestOwner(snapshots: snapshots, server: server)
    }

    /// What the snapshot of a kind, such as `devices`, is from now on; at first it is empty.
    public func set(_ kind: String, _ events: [Event]) {
        snapshots.state.withLock { $0.events[kind] = events }
    }

    /// Whether snapshots are refused.
    public func setAway(_ isAway: Bool) {
        snapshots.state.withLock { $0.isAway = isAway }
    }
}

private final class Snapshots: Sendable {
    struct State {
        var events: [String: [Event]] = [:]
        var isAway = false
    }

    private static let pageSize = 2
    private static let path = "/internal/v1/snapshot/"

    let state = Mutex(State())

    static func kind(_ path: String) -> String? {
        guard path.hasPrefix(self.path) else { return nil }
        return path.dropFirst(self.path.count).split(separator: "?").first.map(String.init)
    }

    /// Nil for a path of something else.
    func answer(_ path: String) -> TestHTTPServer.Answer? {
        guard let kind = Self.kind(path) else { return nil }
        let state = state.withLock(\.self)
        let events = state.events[kind] ?? []
        let start = path.split(separator: "=").dropFirst().first.flatMap { Int($0) } ?? 0
        let end = min(start + Self.pageSize, events.count)
        let page = SnapshotPage(items: Array(events[start..<end]), next: end < events.count ? "\(end)" : nil)
        guard !state.isAway, let json = try? JSONEncoder().encode(page) else { return (503, "{}") }
        return (200, String(decoding: json, as: UTF8.self))
    }
}
