import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import NIOCore
import Postgres

/// What members do about alerts: `/api/v1/alerts/{id}/acknowledge` and so on.
struct AlertActionRoutes: Sendable {
    let alerts: AlertStore
    let members: MemberStore
    let life: AlertLife
    let announcer: AlertAnnouncer
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
        try validate { $0.length(of: input.notes, 0...2_000, "notes") }
        return try await take(.assign(to: input.userID), input.notes, request, context)
    }

    @Sendable private func comment(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (id, user, organization) = (try context.id(), try context.user, try context.organizationID)
        let response = try await idempotency.create(
            CommentInput.self, request, context, as: .organization(organization)
        ) { input, transaction in
            try validate { $0.length(of: input.text, 1...2_000, "text") }
            let alert = try await lock(id, for: user, in: organization, transaction)
            guard let step = try await life.take(.comment, on: alert, by: user.id, notes: input.text, transaction)
            else { throw Problem.notFound() }
            try await record(step, user, transaction)
            let name = try await members.name(of: user.id, in: organization, transaction)
            return JSON(
                AlertHistoryDocument(step.historyEntry, names: name.map { [user.id: $0] } ?? [:]), status: .created)
        }
        // A repeated request created nothing; waking the relay once more does no harm.
        life.outbox.wake()
        return response
    }

    private func take(
        _ action: AlertAction, _ notes: String?, _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<AlertDocument> {
        let (id, user, organization) = (try context.id(), try context.user, try context.organizationID)
        let (alert, step): (Alert, AlertStep?) = try await alerts.database.withTransaction(
            as: .organization(organization)
        ) { transaction in
            let isWatched =
                action == .reopen ? try await alerts.lockStanding(ofAlert: id, in: organization, transaction) : true
            let alert = try await lock(id, for: user, in: organization, transaction)
            try request.requireMatch(alert.version)
            if case .assign(let member?) = action { try await checkMember(member, organization, transaction) }
            if action == .reopen { try await life.checkReopening(alert, isWatched: isWatched, transaction) }
            guard let step = try await life.take(action, on: alert, by: user.id, notes: notes, transaction) else {
                return (alert, nil)
            }
            try await record(step, user, transaction)
            return (step.alert, step)
        }
        await announcer.announce(step.map { [$0] } ?? [])
        return JSON(AlertDocument(alert), version: alert.version)
    }

    /// - Throws: 404 for an alert that the user may not see, 403 for one that they may only see.
    private func lock(
        _ id: UUID, for user: UserPrincipal, in organization: UUID, _ transaction: Transaction
    ) async throws -> Alert {
        guard let alert = try await alerts.lock(id, in: organization, transaction) else { throw Problem.notFound() }
        let project = try await alerts.project(of: alert, transaction)
        guard let role = user.role(onDevice: alert.deviceID, ofProject: project) else { throw Problem.notFound() }
        guard role >= .member else { throw Problem.forbidden() }
        return alert
    }

    private func checkMember(_ id: UUID, _ organization: UUID, _ transaction: Transaction) async throws {
        guard try await members.contains(id, in: organization, transaction) else {
            throw Problem.invalid("user_id", "is no member of the organization")
        }
    }

    private func record(_ step: AlertStep, _ user: UserPrincipal, _ transaction: Transaction) async throws {
        let data = ["notes": step.notes, "assigned_to": step.historyEntry.assignedTo?.text].compactMapValues(\.self)
        try await transaction.query(
            AuditEntry(step.event.type, of: step.alert.id, in: step.alert.organizationID, by: user, data: data).insert)
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
        let notes = try await request.decode(as: Notes.self, context: context)
        try validate { $0.length(of: notes.notes, 0...2_000, "notes") }
        return notes
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
