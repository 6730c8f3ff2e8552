import Crypto
import FoundationEssentials
import HTTPKit
import Hummingbird
import Identity
import Kernel

/// What is asked for, by whom as far as the answer depends on it.
struct Question: Sendable {
    let organization: UUID
    /// Whether an answer will do that was computed for somebody else; not with `Cache-Control: no-cache` (RFC 9111,
    /// section 5.2.1.4).
    let takesKept: Bool
    /// The same for questions that have the same answer.
    let digest: String
}

extension Question {
    /// - Throws: 400 for a query that cannot be read; 403 for somebody without an organization.
    init(_ request: Request, _ context: AppRequestContext) throws {
        organization = try context.organizationID
        let directives = request.headers[values: .cacheControl].flatMap { $0.split(separator: ",") }
        takesKept = !directives.contains { $0.trimmed.lowercased() == "no-cache" }
        digest = Self.digest(
            path: request.uri.path, try request.query().all, context.deviceVisibility,
            device: context.principal?.device?.id)
    }

    /// Parameters may stand in any order, but those of one name mean what they mean in theirs.
    static func digest(
        path: String, _ parameters: [(name: String, value: String)], _ visibility: DeviceVisibility, device: UUID?
    ) -> String {
        let sorted = parameters.enumerated().sorted { ($0.element.name, $0.offset) < ($1.element.name, $1.offset) }
        let parts =
            [path, device?.text ?? ""] + visibility.parts + sorted.flatMap { [$0.element.name, $0.element.value] }
        var hash = SHA256()
        // The length of each part stands before it, so that no two lists of parts run into the same text.
        for part in parts { hash.update(data: Array("\(part.utf8.count):\(part)".utf8)) }
        return Base64URL.encode(hash.finalize())
    }
}

extension DeviceVisibility {
    fileprivate var parts: [String] {
        switch self {
        case .all: ["all"]
        case .only(let devices, let projects):
            [
                "only", devices.map(\.text).sorted().joined(separator: ","),
                projects.map(\.text).sorted().joined(separator: ","),
            ]
        }
    }
}
