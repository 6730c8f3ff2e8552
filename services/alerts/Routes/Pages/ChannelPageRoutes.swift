import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel

/// `/alerts/channels`, and what is told to the forms there.
struct ChannelPageRoutes: Sendable {
    private static let path = "/alerts/channels"
    private static let listLength = 50

    let renderer: PageRenderer
    let channels: ChannelStore
    let editor: ChannelEditor
    let directory: DirectoryStore

    func add(to routes: inout RouteTable) {
        let (read, write) = (Access.user(atLeast: .viewer), Access.user(atLeast: .admin))
        routes.page(Self.path, read, use: list)
        routes.page(Self.path + "/new", write, use: new)
        routes.form(Self.path + "/new", write, use: create)
        routes.page(Self.path + "/{id}", read) { request, context in
            let channel = try await channel(context)
            return try await show(channel, ChannelDraft(channel), request, context)
        }
        routes.form(Self.path + "/{id}", write, use: change)
        routes.form(Self.path + "/{id}/test", write, use: test)
        routes.form(Self.path + "/{id}/delete", write, use: delete)
    }

    // MARK: Showing

    @Sendable private func list(_ request: Request, _ context: AppRequestContext) async throws -> HTML {
        let part = try request.query().part(behind: "cursor", of: UUID.self, limit: Self.listLength)
        let found = try await channels.list(in: try context.organizationID, part)
        let page = ChannelsPage(
            try ListPart(found, of: part, key: \.id), for: try context.user,
            notice: request.notice(ChannelNotice.self))
        return try renderer.render("channels", page, for: request, context)
    }

    @Sendable private func new(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        guard let kind = try request.query().value("type", as: Channel.Kind.self) else {
            return try renderer.render("channel_new", NewChannelPage(for: context.user), for: request, context)
                .response(from: request, context: context)
        }
        return try await show(nil, ChannelDraft(kind), request, context)
    }

    /// - Parameter channel: Nil for a new one.
    private func show(
        _ channel: Channel?, _ draft: ChannelDraft, _ request: Request, _ context: AppRequestContext,
        preview: ChannelPreview? = nil, test: ChannelTestDocument? = nil, refused: RefusedForm<ChannelForm>? = nil
    ) async throws -> Response {
        let user = try context.user
        let people =
            user.isAdmin && draft.kind == .email ? try await directory.members(in: try context.organizationID) : []
        let page = ChannelPage(
            channel, draft, people: people, for: user, preview: preview, test: test,
            notice: request.notice(ChannelNotice.self), refused: refused)
        return try renderer.render("channel", page, status: refused?.problem.status ?? .ok, for: request, context)
            .response(from: request, context: context)
    }

    private func channel(_ context: AppRequestContext) async throws -> Channel {
        guard let channel = try await channels.find(context.id(), in: context.organizationID) else {
            throw Problem.notFound()
        }
        return channel
    }

    // MARK: Changing

    @Sendable private func create(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (user, organization) = (try context.user, try context.organizationID)
        let draft = try ChannelDraft(context.form)
        return try await answering(.definition, nil, draft, request, context) {
            if let preview = try preview(draft, context) {
                return try await show(nil, draft, request, context, preview: preview)
            }
            let channel = try await channels.database.withTransaction(
                as: .organization(organization)
            ) { transaction in
                try await editor.create(draft.input(), by: user, in: organization, transaction)
            }
            return Redirect(to: "\(Self.path)/\(channel.id.text)", done: ChannelNotice.created)
                .response(from: request, context: context)
        }
    }

    /// The version that the page showed must be the current one still, so that nobody undoes what another has written.
    @Sendable private func change(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let channel = try await channel(context)
        let draft = try ChannelDraft(context.form)
        return try await answering(.definition, channel, draft, request, context) {
            if let preview = try preview(draft, context) {
                return try await show(channel, draft, request, context, preview: preview)
            }
            _ = try await editor.replace(
                channel.id, with: draft.input(), ifVersions: [Int(context.form["version"] ?? "") ?? 0],
                by: context.user, in: channel.organizationID)
            return Redirect(to: "\(Self.path)/\(channel.id.text)", done: ChannelNotice.saved)
                .response(from: request, context: context)
        }
    }

    /// What the template makes of a made-up alert, where that is what the form's button is for.
    ///
    /// - Throws: 422 for what is no template.
    private func preview(_ draft: ChannelDraft, _ context: AppRequestContext) throws -> ChannelPreview? {
        guard context.form["act"] == "preview" else { return nil }
        let input = TemplatePreviewInput(type: draft.kind.rawValue, template: draft.template, event: nil)
        let (kind, template, event) = try input.checked()
        let document = try editor.sender.preview(kind, template, event: event)
        return ChannelPreview(subject: document.subject, text: document.text)
    }

    /// The page that answers says how it went.
    @Sendable private func test(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let channel = try await channel(context)
        let outcome = try await editor.test(channel.id, in: channel.organizationID)
        return try await show(channel, ChannelDraft(channel), request, context, test: outcome)
    }

    @Sendable private func delete(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let channel = try await channel(context)
        return try await answering(.deletion, channel, ChannelDraft(channel), request, context) {
            guard context.form["confirmed"] == "yes" else {
                throw Problem.invalid("confirmed", "must be ticked to delete the channel")
            }
            try await editor.delete(channel.id, by: context.user, in: channel.organizationID)
            return Redirect(to: Self.path, done: ChannelNotice.deleted)
        }
    }

    /// Answers a form; where that is refused the channel's page says why.
    private func answering(
        _ form: ChannelForm, _ channel: Channel?, _ draft: ChannelDraft, _ request: Request,
        _ context: AppRequestContext, _ act: () async throws -> some ResponseGenerator
    ) async throws -> Response {
        try await answeringForm(request, context, act) { problem in
            var problem = problem
            if problem.status == .preconditionFailed {
                problem.detail = """
                    Somebody has changed the channel since you opened it. Below is what you typed; saving it again \
                    replaces the other change.
                    """
            }
            let refused = RefusedForm(name: form, fields: context.form, problem: problem)
            return try await show(channel, draft, request, context, refused: refused)
        }
    }
}
