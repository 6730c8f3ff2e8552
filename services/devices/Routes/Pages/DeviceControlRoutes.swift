import Foundation
import HTTPKit
import Hummingbird
import Identity
import Kernel

/// The forms of a device's page that tell the device what to do: commands, the configuration, another key.
struct DeviceControlRoutes: Sendable {
    private static let path = "/devices/{id}"

    let pages: DevicePages
    let descriptions: ConfigDescriptionStore
    let keys: DeviceKeyStore
    let announcer: Announcer

    func add(to routes: inout RouteTable) {
        let operate = Access.user(atLeast: .member, orGrant: true)
        let manage = Access.user(atLeast: .admin, orGrant: true)
        routes.form(Self.path + "/commands", operate, use: command)
        routes.form(Self.path + "/commands/{command_id}/cancel", operate, use: cancel)
        routes.form(Self.path + "/config", manage, use: configure)
        routes.form(Self.path + "/rotate-key", manage, use: rotate)
    }

    @Sendable private func command(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let device = try await pages.access.device(context, atLeast: .member)
        let user = try context.user.id
        return try await pages.answering(.command, request, context) {
            let new = NewCommand(
                commandType: context.form["command_type"]?.trimmed, parameters: try Self.object("parameters", context))
            let order = try new.order(from: nil, for: device.profile.deviceType)
            let commands = pages.commands
            _ = try await commands.database.withTransaction(as: .organization(device.organizationID)) { transaction in
                try await commands.queue(
                    order, for: device.id, in: device.organizationID, by: user, context.cause, transaction)
            }
            await announcer.queued(for: [device.id])
            return pages.back(.queued, to: device.id)
        }
    }

    @Sendable private func cancel(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let device = try await pages.access.device(context, atLeast: .member)
        return try await pages.answering(.command, request, context) {
            _ = try await pages.commands.apply(
                CommandReport(event: .cancelled), to: try context.id("command_id"), of: device.id,
                in: device.organizationID, context.cause)
            announcer.committed()
            return pages.back(.cancelled, to: device.id)
        }
    }

    @Sendable private func configure(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let device = try await pages.access.device(context, atLeast: .admin)
        return try await pages.answering(.config, request, context) {
            let settings = try Self.object("config", context)
            try await descriptions.check(settings, for: device)
            _ = try await pages.configs.replace(
                device.id, in: device.organizationID, with: settings,
                ifMatch: [Int(context.form["version"] ?? "") ?? 0], context.cause)
            await announcer.configured(device.id)
            return pages.back(.configured, to: device.id)
        }
    }

    /// The new key is shown on the page that answers, and nowhere else.
    @Sendable private func rotate(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let device = try await pages.access.device(context, atLeast: .admin)
        return try await pages.answering(.key, request, context) {
            let issue = try await keys.database.withTransaction(
                as: .organization(device.organizationID)
            ) { transaction in
                try await keys.rotate(
                    device.id, in: device.organizationID, overlap: KeyRotation.defaultOverlap, context.cause,
                    transaction)
            }
            announcer.committed()
            return try await pages.show("device", request, context, newKey: issue.key.secret)
        }
    }

    /// - Throws: 422 for what is no JSON object.
    private static func object(_ field: String, _ context: AppRequestContext) throws -> [String: AnyJSON] {
        let text = context.form.text(field) ?? "{}"
        guard let object = try? JSONDecoder().decode([String: AnyJSON].self, from: Data(text.utf8)) else {
            throw Problem.invalid(field, "must be a JSON object, such as {\"interval\": 60}")
        }
        return object
    }
}
