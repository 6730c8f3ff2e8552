import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel

/// Shows the list of rules, the page of one, and the form for a new one.
struct RulePages: Sendable {
    static let path = "/alerts/rules"
    private static let listLength = 50

    let renderer: PageRenderer
    let rules: RuleStore
    let directory: DirectoryStore
    let hasCharts: Bool

    func list(_ request: Request, _ context: AppRequestContext) async throws -> HTML {
        let (user, organization) = (try context.user, try context.organizationID)
        let part = try request.query().part(behind: "cursor", of: UUID.self, limit: Self.listLength)
        let found = try await rules.list(in: organization, part)
        let page = RulesPage(
            try ListPart(found, of: part, key: \.id),
            names: try await directory.names(of: found.map(\.definition.scope), in: organization),
            channels: try await directory.channels(in: organization),
            openAlerts: try await directory.openAlerts(ofRules: found.map(\.id), in: organization), for: user,
            notice: request.notice(RuleNotice.self))
        return try renderer.render("rules", page, for: request, context)
    }

    /// - Parameters:
    ///   - refused: The form that the page is the answer to, where it is one to a form.
    ///   - test: How the rule's test went, where the page is the answer to one.
    func show(
        _ request: Request, _ context: AppRequestContext, refused: RefusedForm<RuleForm>? = nil,
        test: RuleTest.Report? = nil
    ) async throws -> Response {
        let (user, organization) = (try context.user, try context.organizationID)
        guard let rule = try await rules.find(context.id(), in: organization) else { throw Problem.notFound() }
        let tested = test.map { Array(Set($0.firings.prefix(RuleTestSection.mostItems).map(\.deviceID))) } ?? []
        let names = try await directory.names(ofDevices: tested, in: organization)
        let draft = user.isAdmin ? try await draft(of: rule, refused) : nil
        let page = RulePage(
            rule, draft, try await choices(for: draft, in: organization),
            names: try await directory.names(of: [rule.definition.scope], in: organization),
            openAlerts: try await directory.openAlerts(ofRules: [rule.id], in: organization)[rule.id], for: user,
            hasCharts: hasCharts, test: test.map { RuleTestSection($0, names: names) },
            notice: request.notice(RuleNotice.self), refused: refused)
        return try renderer.render("rule", page, status: refused?.problem.status ?? .ok, for: request, context)
            .response(from: request, context: context)
    }

    /// - Parameter refused: The form that the page is the answer to, where it is one.
    func new(
        _ request: Request, _ context: AppRequestContext, refused: RefusedForm<RuleForm>? = nil
    ) async throws -> Response {
        let kind = try request.query().value("kind", as: RuleKind.Name.self)
        let draft = try refused.map { try RuleDraft($0.fields) } ?? kind.map { RuleDraft($0) }
        var form: RuleFormSection?
        if let draft {
            let choices = try await choices(for: draft, in: context.organizationID)
            form = RuleFormSection(draft, choices, FormState(of: .definition, refused))
        }
        let page = NewRulePage(form, for: try context.user, hasCharts: hasCharts)
        return try renderer.render("rule_new", page, status: refused?.problem.status ?? .ok, for: request, context)
            .response(from: request, context: context)
    }

    /// What the form of a rule holds: what was typed, else what the rule says.
    private func draft(of rule: Rule, _ refused: RefusedForm<RuleForm>?) async throws -> RuleDraft {
        if let refused, refused.name == .definition { return try RuleDraft(refused.fields) }
        let devices = Array(rule.definition.overrides.keys)
        let names = try await directory.names(ofDevices: devices, in: rule.organizationID)
        // Of devices that share a name the ids stand in the form.
        let namesakes = try await directory.devices(named: Array(Set(names.values)), in: rule.organizationID)
        let counts = Dictionary(grouping: namesakes, by: \.name).mapValues(\.count)
        return RuleDraft(rule, names: names.filter { counts[$0.value] == 1 })
    }

    /// - Parameter draft: What the form holds; nil where there is none.
    private func choices(for draft: RuleDraft?, in organization: UUID) async throws -> RuleChoices {
        guard let draft else { return RuleChoices(scope: .none, channels: []) }
        async let scope = directory.choices(for: draft.scope, in: organization)
        async let channels = directory.channels(in: organization)
        return RuleChoices(scope: try await scope, channels: try await channels)
    }
}
