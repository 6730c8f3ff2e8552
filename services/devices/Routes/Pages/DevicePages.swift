import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Postgres

/// Shows the page of a device.
struct DevicePages: Sendable {
    private static let commandCount = 20
    private static let logCount = 50
    /// How far back the page looks for what the device has logged.
    private static let logPeriod = Duration.seconds(7 * 86_400)

    let renderer: PageRenderer
    let access: DeviceAccess
    let health: HealthStore
    let configs: ConfigStore
    let commands: CommandStore
    let logs: LogStore
    let hasCharts: Bool

    /// - Parameters:
    ///   - template: The page's, or one of a part of it.
    ///   - refused: The form that the page is the answer to, where it is one to a form.
    ///   - newKey: One that has just been issued.
    func show(
        _ template: String, _ request: Request, _ context: AppRequestContext,
        refused: RefusedForm<DeviceForm>? = nil, newKey: String? = nil
    ) async throws -> Response {
        let device = try await access.device(context, atLeast: .viewer)
        let page = DevicePage(
            try await contents(of: device, context), hasCharts: hasCharts, notice: request.notice(DeviceNotice.self),
            refused: refused, newKey: newKey)
        var response = try renderer.render(
            template, page, status: refused?.problem.status ?? .ok, for: request, context
        )
        .response(from: request, context: context)
        if newKey != nil { response.headers[.cacheControl] = "no-store" }
        return response
    }

    /// Answers one of its forms; where that is refused the page says why.
    func answering(
        _ form: DeviceForm, _ request: Request, _ context: AppRequestContext,
        _ act: () async throws -> some ResponseGenerator
    ) async throws -> Response {
        try await answeringForm(request, context, act) { problem in
            var problem = problem
            if problem.status == .preconditionFailed {
                problem.detail = """
                    Somebody has changed it since you opened this page. Below is what you typed; saving it again \
                    replaces the other change.
                    """
            }
            let refused = RefusedForm(name: form, fields: context.form, problem: problem)
            return try await show("device", request, context, refused: refused)
        }
    }

    /// Leads back to the page from one of its forms.
    func back(_ notice: DeviceNotice, to device: UUID) -> Redirect {
        Redirect(to: "/devices/\(device.text)", done: notice)
    }

    private func contents(of device: Device, _ context: AppRequestContext) async throws -> DeviceContents {
        let (id, organization, now) = (device.id, device.organizationID, Timestamp.now)
        let newest = PageRequest<UUID>(limit: Self.commandCount, order: .descending, after: nil)
        let latest = PageRequest<LogStore.Position>(limit: Self.logCount, order: .descending, after: nil)
        let period = TimeRange(
            start: now.adding(.zero - Self.logPeriod), end: now.adding(LogEntry.maximumAhead))
        async let facts = health.facts(of: id, in: organization, at: now)
        async let config = configs.find(id, in: organization)
        async let commands = commands.page(newest, CommandFilter(devices: [id]), in: organization)
        async let logs = logs.page(latest, LogFilter(range: period), of: id, in: organization)
        return DeviceContents(
            device: device, health: DeviceHealth(try await facts, at: now), config: try await config,
            commands: try await commands.items, logs: try await logs.items,
            role: try context.user.role(onDevice: id, ofProject: device.profile.projectID) ?? .viewer)
    }
}
