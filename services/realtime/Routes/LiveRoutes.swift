import EventBus
import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Redis
import WebSockets

/// The WebSockets, and the tickets that open them.
struct LiveRoutes: Sendable {
    let rooms: LiveRooms
    let sockets: OpenSockets
    let visibleDevices: VisibleDevices
    let tickets: TicketStore
    let replay: Replay
    let revocations: Revocations

    func add(to routes: inout RouteTable) {
        addSocket("/ws/live-data", [.reading, .deviceStatus, .alert], to: &routes)
        addSocket("/ws/device-status", [.deviceStatus], to: &routes)
        addSocket("/ws/alerts", [.alert], to: &routes)
        // A ticket carries the scopes of the token that it was asked for with.
        routes.post(
            "/api/v1/stream/ticket", .user(atLeast: .viewer, orGrant: true), tokens: .scopes([]), use: issueTicket)
    }

    /// The gate lets everybody pass, since a ticket in the query is no credential that it knows.
    private func addSocket(_ path: String, _ kinds: Set<LiveStream.Kind>, to routes: inout RouteTable) {
        routes.get(path, .public, RouteOptions(body: .none, produces: [])) { request, context in
            let user = try await user(of: request, context)
            guard let organization = user.organizationID else { throw Problem.forbidden() }
            let kinds = try Self.kinds(kinds, for: user)
            let devices = try await visibleDevices.devices(of: user, in: organization)
            return try await request.upgradeToWebSocket(on: context.channel) { socket in
                guard sockets.add(socket, of: user, in: organization, showing: devices) else {
                    return socket.close(.tooMany, reason: "too many sockets of this organization")
                }
                defer { sockets.remove(socket, in: organization) }
                try await LiveSession(
                    socket: socket, organization: organization, kinds: kinds, visibleDevices: devices, rooms: rooms,
                    replay: replay
                ).run()
            }
        }
    }

    /// Those of `kinds` that the user's personal access token may see; all where there is none.
    ///
    /// - Throws: 403 when that is none of them.
    private static func kinds(
        _ kinds: Set<LiveStream.Kind>, for user: UserPrincipal
    ) throws(Problem) -> Set<LiveStream.Kind> {
        let visible = kinds.filter { TokenDemand.scopes([$0.scope]).allows(user) == .allowed }
        if visible.isEmpty { try TokenDemand.scopes(Set(kinds.map(\.scope))).check(user) }
        return visible
    }

    /// - Throws: 401 for nobody known, 403 for who may not watch and for a cookie that another site's page sent.
    private func user(of request: Request, _ context: AppRequestContext) async throws -> UserPrincipal {
        let principal: Principal?
        if let authentication = context.authentication {
            // A browser lets any page open a socket to us and sends our cookie with it.
            guard authentication.credential != .sessionCookie || RequestOrigin(request.head) == .same else {
                throw Problem.forbidden("The request does not come from this site.")
            }
            principal = authentication.principal
        } else if let ticket = try request.query()["ticket"] {
            principal = try await holder(of: ticket).map(Principal.user)
        } else {
            principal = nil
        }
        switch Access.user(atLeast: .viewer, orGrant: true).allows(principal) {
        case .allowed: break
        case .unauthenticated: throw Problem.unauthorized()
        case .forbidden: throw Problem.forbidden()
        }
        guard let user = principal?.user else { throw Problem.forbidden() }
        return user
    }

    private func holder(of ticket: String) async throws -> UserPrincipal? {
        do {
            return try await tickets.redeem(ticket).flatMap { revocations.isRevoked($0) ? nil : $0 }
        } catch is RedisError {
            throw Problem.unavailable()
        }
    }

    @Sendable private func issueTicket(_ request: Request, _ context: AppRequestContext) async throws -> JSON<Ticket> {
        do {
            let ticket = try await tickets.issue(to: context.user)
            return JSON(
                Ticket(ticket: ticket, expiresIn: Int(TicketStore.lifetime.components.seconds)), status: .created)
        } catch is RedisError {
            throw Problem.unavailable()
        }
    }

    struct Ticket: Encodable {
        let ticket: String
        /// Seconds.
        let expiresIn: Int

        enum CodingKeys: String, CodingKey {
            case ticket
            case expiresIn = "expires_in"
        }
    }
}

extension LiveStream.Kind {
    /// What a personal access token needs to see frames of this kind.
    fileprivate var scope: TokenScope {
        switch self {
        case .reading: TokenScope(.readings, .read)
        case .deviceStatus: TokenScope(.devices, .read)
        case .alert: TokenScope(.alerts, .read)
        }
    }
}
