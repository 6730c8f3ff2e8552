import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity

/// How a board provisions itself as with ThingsBoard: with a fleet key, which is the secret, and the key's id.
struct ThingsBoardProvisionRoutes: Sendable {
    let provisioning: BoardProvisioning

    func add(to routes: inout RouteTable) {
        // The fleet key in the body is the credential.
        routes.post("/api/v1/provision", .public, use: provision)
    }

    /// Whether the board gets a device its answer says, and not the status of the answer.
    @Sendable private func provision(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        var request = request
        let body = try await request.decodeCollected(as: ThingsBoardProvisionRequest.self, context: context)
        let board = try body.board()
        do {
            guard let id = UUID(uuidString: body.key) else { throw ProvisioningError.refused }
            return try await provisioning.provision(
                board, with: body.secret, of: id, request, context
            ) { provision in
                JSON(ProvisionAnswer.success(provision.key), headers: [.cacheControl: "no-store"])
            }
        } catch ProvisioningError.refused {
            return try JSON(ProvisionAnswer.notFound).response(from: request, context: context)
        } catch let error as DeviceError {
            return try JSON(ProvisionAnswer.failure(error)).response(from: request, context: context)
        }
    }
}

/// The body of a board's request; the name is its serial number.
private struct ThingsBoardProvisionRequest: Sendable, Decodable {
    let name: String
    let key: String
    let secret: String

    private enum CodingKeys: String, CodingKey {
        case name = "deviceName"
        case key = "provisionDeviceKey"
        case secret = "provisionDeviceSecret"
    }

    /// - Throws: 422 for a name that is no serial number.
    func board() throws -> BoardIdentity {
        let board = BoardIdentity(serialNumber: name.trimmed)
        try validate { $0.length(of: board.serialNumber, 1...100, "deviceName") }
        return board
    }
}

private struct ProvisionAnswer: Encodable {
    let status: String
    var credentialsType: String?
    var credentialsValue: String?
    var errorMsg: String?

    static func success(_ key: SecretToken) -> ProvisionAnswer {
        ProvisionAnswer(status: "SUCCESS", credentialsType: "ACCESS_TOKEN", credentialsValue: key.secret)
    }

    static let notFound = ProvisionAnswer(status: "NOT_FOUND", errorMsg: ProvisioningError.refused.problem.detail)

    static func failure(_ error: DeviceError) -> ProvisionAnswer {
        ProvisionAnswer(status: "FAILURE", errorMsg: error.problem.detail)
    }
}
