import Foundation
import Logging
import Outbound

/// One key of the configuration: its name, what it is for, what may be written there, and how that is read.
public struct Setting<Value: Sendable>: Sendable {
    /// The environment variable, and the key in a configuration file.
    public let key: String
    /// What may be written there, as the end of the sentence "set it to …".
    public let expected: String
    /// Whether the value is never printed.
    public let isSecret: Bool
    /// The value that `text` stands for; nil when it stands for none.
    let parse: @Sendable (_ text: String) -> Value?

    init(
        _ key: String, expected: String, isSecret: Bool = false, parse: @escaping @Sendable (_ text: String) -> Value?
    ) {
        self.key = key
        self.expected = expected
        self.isSecret = isSecret
        self.parse = parse
    }

    /// The value of this setting in `values`; nil when it is not set.
    ///
    /// - Throws: ``ConfigurationError/invalid(key:found:expected:)``.
    func value(in values: [String: String]) throws(ConfigurationError) -> Value? {
        guard let text = values[key], !text.isEmpty else { return nil }
        guard let value = parse(text) else {
            throw .invalid(key: key, found: isSecret ? nil : text, expected: expected)
        }
        return value
    }
}

/// Every setting of LMS Core. The names are those of the environment; a configuration file uses the same.
enum Settings {
    /// A YAML (`.yaml`, `.yml`) or JSON file with the same keys; the environment wins over it.
    static let configurationFile = Setting("LMS_CONFIG_FILE", expected: "the path of a .yaml, .yml or .json file") {
        $0
    }
    /// The database, as the service's own role.
    static let databaseURL = Setting(
        "LMS_DATABASE_URL", expected: "postgresql://role:password@host:port/database", isSecret: true,
        parse: url(schemes: ["postgresql", "postgres"]))
    /// The database, as the owner of the service's schema; only `migrate` uses it.
    static let databaseOwnerURL = Setting(
        "LMS_DATABASE_OWNER_URL", expected: "postgresql://owner:password@host:port/database", isSecret: true,
        parse: url(schemes: ["postgresql", "postgres"]))
    /// A copy of the database that takes exports, as the service's own role.
    static let databaseReplicaURL = Setting(
        "LMS_DATABASE_REPLICA_URL", expected: "postgresql://role:password@host:port/database", isSecret: true,
        parse: url(schemes: ["postgresql", "postgres"]))
    /// What the names of all database roles of an installation begin with.
    static let databaseRolePrefix = Setting(
        "LMS_DATABASE_ROLE_PREFIX", expected: "at most 32 lower-case letters, digits and underscores"
    ) { text in
        let isName = text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
        return isName && text.utf8.count <= 32 ? text : nil
    }
    static let redisURL = Setting(
        "LMS_REDIS_URL", expected: "redis://[user:password@]host:port/database", isSecret: true,
        parse: url(schemes: ["redis"]))
    /// The address to listen on.
    static let httpHost = Setting("LMS_HTTP_HOST", expected: "an address to listen on, such as 127.0.0.1") { $0 }
    /// The port to listen on; 0 takes any free one.
    static let httpPort = Setting("LMS_HTTP_PORT", expected: "a port number from 0 to 65535") {
        UInt16($0).map(Int.init)
    }
    static let logLevel = Setting(
        "LMS_LOG_LEVEL", expected: "one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))"
    ) {
        Logger.Level(rawValue: $0.lowercased())
    }
    /// From which the keys for sealing, internal tokens and CSRF tokens are derived. Behind the one in use, after
    /// commas, may stand older ones, which are still accepted.
    static let secretKey = Setting(
        "LMS_SECRET_KEY", expected: "base64 of 32 random bytes (openssl rand -base64 32)", isSecret: true
    ) { text in
        let keys = text.split(separator: ",", omittingEmptySubsequences: false)
        return keys.allSatisfy { Data(base64Encoded: String($0))?.count == 32 } ? text : nil
    }
    /// Whether webhooks may reach loopback, link-local and private addresses.
    static let webhookAllowPrivate = Setting("LMS_WEBHOOK_ALLOW_PRIVATE", expected: "true or false") {
        Bool($0.lowercased())
    }
    /// How many letters an organization's alerts may send in an hour to addresses that are not its members'.
    static let alertMailsPerHour = Setting("LMS_ALERT_MAILS_PER_HOUR", expected: "a number from 0 to 1000000") { text in
        Int(text).flatMap { (0...1_000_000).contains($0) ? $0 : nil }
    }
    /// For how many days auth signs with a key before the next one takes over.
    static let signingKeyDays = Setting("LMS_SIGNING_KEY_DAYS", expected: "a number of days from 1 to 365") { text in
        Int(text).flatMap { (1...365).contains($0) ? $0 : nil }
    }
    /// How many accounts may be asked for from one network address in an hour.
    static let registrationsPerHour = Setting(
        "LMS_REGISTRATIONS_PER_HOUR", expected: "a number from 1 to 1000000"
    ) { text in
        Int(text).flatMap { (1...1_000_000).contains($0) ? $0 : nil }
    }
    /// Where people and mailed links reach the gateway.
    static let publicURL = Setting<String>(
        "LMS_PUBLIC_URL", expected: "the base URL of the gateway, such as https://lab.example, without a path"
    ) { text in
        guard let parts = url(schemes: ["http", "https"])(text).flatMap(URL.init(string:)), parts.path.count <= 1,
            parts.query == nil, parts.fragment == nil, parts.user == nil
        else { return nil }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }
    /// Where mail goes.
    static let mailURL = Setting<MailTransport>(
        "LMS_MAIL_URL", expected: "smtp://[user:password@]host[:port], the same with smtps, or file:///folder",
        isSecret: true, parse: MailTransport.init(url:))
    /// Whom mail comes from.
    static let mailFrom = Setting<MailAddress>(
        "LMS_MAIL_FROM", expected: "an address, such as LMS Core <no-reply@lab.example>"
    ) { MailAddress($0) }
    /// Who people may sign in with instead of a password.
    static let identityProviders = Setting(
        "LMS_OIDC_PROVIDERS",
        expected: """
            a JSON array of {"name", "title", "issuer", "client_id", "client_secret"}, where name is of lower-case letters, \
            digits and hyphens, issuer a URL, no two are the same, and public clients have no client_secret
            """,
        isSecret: true, parse: IdentityProvider.list)
    /// Where the other services are, for internal calls and the gateway: a URL for each copy, with commas between.
    static let serviceURLs = PeerService.allCases.map { peer in
        Setting<[URL]>(
            peer.key,
            expected: """
                the base URL of the \(peer.rawValue) service, such as http://127.0.0.1:8101, or for the gateway several, with \
                commas between
                """
        ) { text in
            let elements = text.split(separator: ",", omittingEmptySubsequences: false)
            let urls = elements.compactMap { element in
                url(schemes: ["http", "https"])(element.trimmingCharacters(in: .whitespaces)).flatMap(URL.init(string:))
            }
            return urls.count == elements.count ? urls : nil
        }
    }

    /// The names of all settings.
    static let keys: Set<String> = Set(
        [
            configurationFile.key, databaseURL.key, databaseOwnerURL.key, databaseReplicaURL.key,
            databaseRolePrefix.key,
            redisURL.key, httpHost.key, httpPort.key, logLevel.key, secretKey.key, webhookAllowPrivate.key,
            alertMailsPerHour.key,
            signingKeyDays.key, registrationsPerHour.key, publicURL.key, mailURL.key, mailFrom.key,
            identityProviders.key,
        ] + serviceURLs.map(\.key))

    private static func url(schemes: [String]) -> @Sendable (String) -> String? {
        { text in
            guard let components = URLComponents(string: text), let scheme = components.scheme,
                schemes.contains(scheme.lowercased()), components.host != nil
            else { return nil }
            return text
        }
    }
}

/// A service that others call.
public enum PeerService: String, Sendable, Hashable, CaseIterable {
    case auth, devices, readings, alerts, billing, realtime

    /// The setting with its base URLs, such as `LMS_AUTH_URL`.
    public var key: String { "LMS_\(rawValue.uppercased())_URL" }
}
