import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import NIOCore
import Postgres

/// What members do about alerts: `/api/v1/alerts/{id}/acknowledge` and so on.
struct AlertActionRoutes: Sendable {
    let actions: AlertActions
    let idempotency: Idempotency

    func add(to routes: inout RouteTable) {
        add("acknowledge", .acknowledge, to: &routes)
        add("resolve", .resolve, to: &routes)
        add("dismiss", .dismiss, to: &routes)
        add("reopen", .reopen, to: &routes)
        routes.put("/api/v1/alerts/{id}/assign", .user(atLeast: .member, orGrant: true), use: assign)
        routes.post("/api/v1/alerts/{id}/comments", .user(atLeast: .member, orGrant: true), use: comment)
    }

    private func add(_ name: String, _ action: AlertAction, to routes: inout RouteTable) {
        routes.put("/api/v1/alerts/{id}/\(name)", .user(atLeast: .member, orGrant: true)) { request, context in
            let notes = try await Notes.read(from: request, context).notes
            return try await take(action, notes, request, context)
        }
    }

    @Sendable private func assign(
        _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<AlertDocument> {
        let input = try await request.decode(as: AssignmentInput.self, context: context)
        return try await take(.assign(to: input.userID), input.notes, request, context)
    }

    @Sendable private func comment(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (id, user, organization) = (try context.id(), try context.user, try context.organizationID)
        let response = try await idempotency.create(
            CommentInput.self, request, context, as: .organization(organization)
        ) { input, transaction in
            let step = try await actions.comment(input.text, on: id, by: user, in: organization, transaction)
            let name = try await actions.members.name(of: user.id, in: organization, transaction)
            return JSON(
                AlertHistoryDocument(step.historyEntry, names: name.map { [user.id: $0] } ?? [:]), status: .created)
        }
        // A repeated request created nothing; waking the relay once more does no harm.
        actions.life.outbox.wake()
        return response
    }

    private func take(
        _ action: AlertAction, _ notes: String?, _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<AlertDocument> {
        let alert = try await actions.take(
            action, on: context.id(), notes: notes, ifVersions: request.versionsToMatch, by: context.user,
            in: context.organizationID)
        return JSON(AlertDocument(alert), version: alert.version)
    }
}

/// The optional body of an action: `{"notes": "…"}`.
private struct Notes: Decodable {
    var notes: String?

    static func read(from request: Request, _ context: AppRequestContext) async throws -> Notes {
        let body = try await request.body.collect(upTo: context.maxUploadSize)
        guard body.readableBytes > 0 else { return Notes() }
        var request = request
        request.body = RequestBody(buffer: body)
        return try await request.decode(as: Notes.self, context: context)
    }
}

/// To whom an alert is given: `{"user_id": "…"}`, or null to take it off whoever has it.
private struct AssignmentInput: Decodable {
    let userID: UUID?
    let notes: String?

    enum CodingKeys: String, CodingKey {
        case notes
        case userID = "user_id"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        // Left out by mistake it must not take the alert off anybody.
        userID = try container.decode(UUID?.self, forKey: .userID)
        notes = try container.decodeIfPresent(String.self, forKey: .notes)
    }
}

/// A comment as a client writes it.
private struct CommentInput: Decodable, Sendable {
    let text: String
}
