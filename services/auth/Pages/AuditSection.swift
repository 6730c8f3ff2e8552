import Foundation
import HTTPKit
import Kernel

/// The newest acts in an organization.
struct AuditSection: Sendable {
    struct Item: Sendable {
        let time: Moment
        let actor: String
        let act: String
        let subject: String?
    }

    let items: [Item]
    let hasItems: Bool

    /// - Parameter people: Whose names are known.
    init(_ records: [AuditRecord], people: [Member]) {
        let names = Dictionary(people.map { ($0.userID.text, $0.name) }, uniquingKeysWith: { $1 })
        items = records.map { Item($0, names: names) }
        hasItems = !items.isEmpty
    }
}

extension AuditSection.Item {
    fileprivate init(_ record: AuditRecord, names: [String: String]) {
        time = Moment(record.timestamp)
        let actor = try? record.actor.decode(AuditActor.self)
        let kind = actor?.type ?? "system"
        self.actor = actor?.id.flatMap { names[$0] } ?? (kind == "user" ? "Somebody else" : Self.words(kind))
        act = Self.words(record.type)
        let data = try? record.data.decode(AuditData.self)
        subject = names[record.entityID.text] ?? data?.name ?? data?.after?.name ?? data?.before?.name
    }

    /// `member.role_changed` as "Member role changed".
    private static func words(_ type: String) -> String {
        let text = type.replacing("api_", with: "API ").replacing(".", with: " ").replacing("_", with: " ")
        return text.prefix(1).uppercased() + text.dropFirst()
    }
}

/// Who acted.
private struct AuditActor: Decodable {
    let type: String
    let id: String?
}

/// What the log says of a thing, as far as it has a name.
private struct AuditData: Decodable {
    struct State: Decodable {
        let name: String?
    }

    let name: String?
    let before: State?
    let after: State?
}
