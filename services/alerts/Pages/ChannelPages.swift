import FoundationEssentials
import HTTPKit
import Identity
import Kernel

/// What a form about channels has done.
enum ChannelNotice: String, Notice {
    case created, saved, deleted

    var text: String {
        switch self {
        case .created: "The channel has been made. Rules can tell it now."
        case .saved: "The channel has been saved."
        case .deleted: "The channel has been deleted, and taken out of every rule."
        }
    }
}

/// The forms of a channel's page.
enum ChannelForm: Sendable {
    case definition, deletion
}

/// What `channels.mustache` reads as `page`.
struct ChannelsPage: Sendable {
    struct Item: Sendable {
        let path: String
        let name: String
        let kind: String
        let target: String
    }

    let tabs: AlertTabs
    let items: [Item]
    let hasItems: Bool
    let pager: Pager?
    let isAdmin: Bool
    /// What has just been done.
    let notice: String?

    init(_ channels: ListPart<Channel>, for user: UserPrincipal, notice: String?) {
        tabs = AlertTabs(.channels, for: user)
        items = channels.items.map { channel in
            Item(
                path: "/alerts/channels/\(channel.id.text)", name: channel.name,
                kind: channel.destination.kind.title, target: channel.destination.text)
        }
        hasItems = !items.isEmpty
        pager = Pager(
            "Channels", of: "/alerts/channels", cursor: "cursor", next: channels.next, isFirst: channels.isFirst,
            anchor: "channels")
        isAdmin = user.isAdmin
        self.notice = notice
    }
}

/// What `channel_new.mustache` reads as `page`: the types to choose from.
struct NewChannelPage: Sendable {
    struct Kind: Sendable {
        let path: String
        let title: String
        let summary: String
    }

    let tabs: AlertTabs
    let kinds: [Kind]

    init(for user: UserPrincipal) {
        tabs = AlertTabs(.channels, for: user)
        kinds = Channel.Kind.allCases.map { kind in
            Kind(path: "/alerts/channels/new?type=\(kind.rawValue)", title: kind.title, summary: kind.summary)
        }
    }
}

/// What `channel.mustache` reads as `page`: a channel, or the form for a new one.
struct ChannelPage: Sendable {
    let tabs: AlertTabs
    let title: String
    /// Where its forms are sent.
    let path: String
    let kind: String
    let target: String?
    let isNew: Bool
    let isAdmin: Bool
    let version: Int?
    let form: ChannelFormSection?
    let preview: ChannelPreview?
    let test: ChannelTest?
    let deletionError: String?
    /// What has just been done.
    let notice: String?

    init(
        _ channel: Channel?, _ draft: ChannelDraft, people: [DirectoryStore.Entry], for user: UserPrincipal,
        preview: ChannelPreview? = nil,
        test: ChannelTestDocument? = nil, notice: String?, refused: RefusedForm<ChannelForm>?
    ) {
        tabs = AlertTabs(.channels, for: user)
        title = channel?.name ?? "New channel: \(draft.kind.title)"
        path = channel.map { "/alerts/channels/\($0.id.text)" } ?? "/alerts/channels/new"
        kind = draft.kind.title
        target = channel?.destination.text
        isNew = channel == nil
        isAdmin = user.isAdmin
        version = channel?.version
        form =
            user.isAdmin ? ChannelFormSection(draft, channel, people: people, FormState(of: .definition, refused)) : nil
        self.preview = preview
        self.test = test.map(ChannelTest.init)
        deletionError = FormState(of: .deletion, refused).field("confirmed", called: "The box").error
        self.notice = notice
    }
}

/// A made-up alert in the words of a template.
struct ChannelPreview: Sendable {
    let subject: String
    let text: String
}

/// How the test of a channel went.
struct ChannelTest: Sendable {
    let status: String
    let detail: String
    /// The class of its notice.
    let tone: String

    init(_ document: ChannelTestDocument) {
        status = document.status.rawValue
        detail = document.detail
        tone = document.status == .sent ? "good" : "bad"
    }
}

extension Channel.Kind {
    /// As people call it.
    var title: String {
        switch self {
        case .email: "E-mail"
        case .webhook: "Webhook"
        case .slack: "Slack"
        case .teams: "Teams"
        }
    }

    /// How it tells people, for who chooses one.
    fileprivate var summary: String {
        switch self {
        case .email: "Letters to addresses, and to members as each wants them."
        case .webhook: "JSON to a program of yours, signed where it has a secret."
        case .slack: "Messages to an incoming webhook of Slack, or of what takes the same."
        case .teams: "Cards to the webhook of a workflow of Microsoft Teams."
        }
    }
}

extension Channel.Destination {
    /// Where messages go, as far as it may be told.
    var text: String {
        switch self {
        case .email(let addresses, let members):
            (addresses + (members.isEmpty ? [] : ["members: \(members.count)"])).joined(separator: ", ")
        case .webhook(let url, let isSigned): isSigned ? "\(url), signed" : url
        case .slack(let origin), .teams(let origin): origin
        }
    }
}
