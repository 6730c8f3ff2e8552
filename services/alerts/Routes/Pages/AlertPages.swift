import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel

/// Shows the list of alerts and the page of one.
struct AlertPages: Sendable {
    private static let listLength = 50

    let renderer: PageRenderer
    let alerts: AlertStore
    let rules: RuleStore
    let directory: DirectoryStore
    let hasCharts: Bool

    // MARK: The list

    /// - Parameters:
    ///   - template: The page's, or that of the list alone.
    ///   - query: What to show; nil: as the request says.
    ///   - refusal: Why a form of the list was refused, where the page is the answer to one.
    func list(
        _ template: String, _ request: Request, _ context: AppRequestContext, showing query: AlertListQuery? = nil,
        refusal: AlertListRefusal? = nil
    ) async throws -> Response {
        let user = try context.user
        let parameters = try request.query()
        let query = try query ?? AlertListQuery(parameters)
        let part = try parameters.part(behind: "cursor", of: UUID.self, limit: Self.listLength)
        let page = AlertsPage(
            try await contents(of: query, part, for: user, in: try context.organizationID), query, for: user,
            notice: request.notice(AlertNotice.self), refusal: refusal)
        return try renderer.render(template, page, status: refusal?.problem.status ?? .ok, for: request, context)
            .response(from: request, context: context)
    }

    private func contents(
        of query: AlertListQuery, _ part: PageRequest<UUID>, for user: UserPrincipal, in organization: UUID
    ) async throws -> AlertListContents {
        let found = try await alerts.list(in: organization, query.filter(for: user), part)
        async let projects = directory.projects(ofDevices: found.map(\.deviceID), in: organization)
        async let names = directory.names(ofMembers: found.compactMap(\.assignedTo), in: organization)
        async let devices = directory.devices(
            in: organization, visibleBy: user.deviceVisibility, and: [query.device].compactMap(\.self))
        // Rules are the organization's own, which guests do not see.
        let rules = user.role == nil ? [] : try await directory.rules(in: organization)
        return AlertListContents(
            alerts: try ListPart(found, of: part, key: \.id), projects: try await projects, names: try await names,
            devices: try await devices, rules: rules)
    }

    // MARK: One alert

    /// - Parameters:
    ///   - template: The page's, or that of a part of it.
    ///   - refused: The form that the page is the answer to, where it is one to a form.
    func show(
        _ template: String, _ request: Request, _ context: AppRequestContext,
        refused: RefusedForm<AlertForm>? = nil
    ) async throws -> Response {
        let user = try context.user
        let page = AlertPage(
            try await contents(of: try context.id(), for: user, in: try context.organizationID), for: user,
            hasCharts: hasCharts, notice: request.notice(AlertNotice.self), refused: refused)
        return try renderer.render(template, page, status: refused?.problem.status ?? .ok, for: request, context)
            .response(from: request, context: context)
    }

    private func contents(
        of id: UUID, for user: UserPrincipal, in organization: UUID
    ) async throws -> AlertContents {
        guard let detail = try await alerts.find(id, in: organization, visibleBy: user.deviceVisibility) else {
            throw Problem.notFound()
        }
        let device = detail.alert.deviceID
        let project = try await directory.projects(ofDevices: [device], in: organization)[device]
        let isGuest = user.role == nil
        return AlertContents(
            detail: detail, rule: isGuest ? nil : try await rules.find(detail.alert.ruleID, in: organization),
            members: isGuest ? [] : try await directory.members(in: organization),
            role: user.role(onDevice: device, ofProject: project) ?? .viewer)
    }
}
