import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel
import Postgres

/// The firmware of an organization, for its people: `/api/v1/firmware`.
struct FirmwareRoutes: Sendable {
    /// The image is the body, and what is said of it the query, so that it can be taken piece by piece.
    private static let upload = RouteOptions(
        body: BodyRule(
            accepts: ["application/octet-stream"], wireLimit: Firmware.maximumSize, limit: Firmware.maximumSize))

    let firmware: FirmwareStore
    let uploads: FirmwareUploads
    let idempotency: Idempotency

    func add(to routes: inout RouteTable) {
        routes.get(Firmware.path, .user(atLeast: .viewer), use: list)
        routes.post(Firmware.path, .user(atLeast: .admin), Self.upload, use: upload)
        routes.get("\(Firmware.path)/{id}", .user(atLeast: .viewer), use: show)
        routes.delete("\(Firmware.path)/{id}", .user(atLeast: .admin), use: delete)
        routes.put("\(Firmware.path)/{id}/current", .user(atLeast: .admin)) { try await setCurrent(true, $0, $1) }
        routes.delete("\(Firmware.path)/{id}/current", .user(atLeast: .admin)) { try await setCurrent(false, $0, $1) }
    }

    @Sendable private func list(_ request: Request, _ context: AppRequestContext) async throws -> Page<Firmware> {
        let query = try request.query()
        let page = try query.page(of: UUID.self)
        let found = try await firmware.list(
            for: query.values("device_type"), in: try context.organizationID, page)
        return try page.page(found, key: \.id)
    }

    @Sendable private func show(_ request: Request, _ context: AppRequestContext) async throws -> JSON<Firmware> {
        let found = try await firmware.find(try context.id(), in: try context.organizationID)
        return JSON(found, version: found.version)
    }

    @Sendable private func upload(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        let (label, sha256) = try request.query().firmware()
        let image = FirmwareImage(request)
        guard image.isDelimited || sha256 != nil else {
            throw Problem(.lengthRequired, "Content-Length or sha256 must tell when the image is whole.")
        }
        let (user, organization) = (try context.user.id, try context.organizationID)
        return try await uploads.withUpload(label, in: organization, by: user) { upload in
            let digest = try await image.take { bytes, offset in
                try await uploads.append(bytes, at: offset, to: upload, in: organization)
            }
            guard let digest else { throw Problem.invalid("", "must have a firmware's image as its body") }
            guard sha256 == nil || sha256 == digest.sha256 else {
                throw Problem.invalid("sha256", "is not that of the image, which is \(digest.sha256)")
            }
            return try await idempotency.create(
                Self.request(request, of: label, digest), context, as: .organization(organization)
            ) { transaction in
                let stored = try await uploads.complete(
                    upload, in: organization, digest, context.cause, transaction)
                return JSON(
                    stored, status: .created, version: stored.version, location: "\(Firmware.path)/\(stored.id.text)")
            }
        }
    }

    /// The request with what tells it from others in the place of its body, which has been read: a request that is
    /// repeated with the same key is known by it.
    private static func request(_ request: Request, of label: FirmwareLabel, _ digest: FirmwareDigest) -> Request {
        var request = request
        let parts = [
            label.deviceType, label.version.text, digest.sha256, label.signature ?? "", label.description,
        ]
        request.body = RequestBody(buffer: ByteBuffer(string: parts.joined(separator: "\n")))
        return request
    }

    private func setCurrent(
        _ isCurrent: Bool, _ request: Request, _ context: AppRequestContext
    ) async throws -> JSON<Firmware> {
        let changed = try await firmware.setCurrent(
            isCurrent, try context.id(), in: try context.organizationID, ifMatch: request.versionsToMatch,
            context.cause)
        return JSON(changed, version: changed.version)
    }

    @Sendable private func delete(_ request: Request, _ context: AppRequestContext) async throws -> Response {
        try await firmware.delete(
            try context.id(), in: try context.organizationID, ifMatch: request.versionsToMatch, context.cause)
        return Response(status: .noContent)
    }
}
