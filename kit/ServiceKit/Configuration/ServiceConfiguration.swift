import Foundation
import Logging
import Outbound

/// The configuration of one process: what is set is checked when it is loaded, what is needed but missing is an error
/// where it is asked for.
public struct ServiceConfiguration: Sendable {
    /// `LMS_HTTP_HOST`, by default 127.0.0.1.
    public let httpHost: String
    /// `LMS_HTTP_PORT`, by default the service's own; 0 takes any free one.
    public let httpPort: Int
    /// `LMS_LOG_LEVEL`, by default info.
    public let logLevel: Logger.Level
    /// `LMS_DATABASE_REPLICA_URL`, by default none: a copy of the database, which takes exports, as the service's own
    /// role.
    public let databaseReplicaURL: String?
    /// `LMS_DATABASE_ROLE_PREFIX`, by default empty.
    public let databaseRolePrefix: String
    /// `LMS_WEBHOOK_ALLOW_PRIVATE`, by default false.
    public let webhookAllowsPrivateAddresses: Bool
    /// `LMS_ALERT_MAILS_PER_HOUR`, by default 500: of an organization to addresses that are not its members'.
    public let alertMailsPerHour: Int
    /// `LMS_SIGNING_KEY_DAYS`, by default 30 days.
    public let signingKeyRotation: Duration
    /// `LMS_REGISTRATIONS_PER_HOUR`, by default 10: from one network address.
    public let registrationsPerHour: Int
    /// `LMS_PUBLIC_URL`, by default `http://localhost:8080`; without a slash at its end.
    public let publicURL: String
    /// `LMS_MAIL_URL`; nil for no mail.
    public let mail: MailTransport?
    /// `LMS_MAIL_FROM`, by default `LMS Core <no-reply@localhost>`.
    public let mailSender: MailAddress
    /// `LMS_OIDC_PROVIDERS`, by default none.
    public let identityProviders: [IdentityProvider]
    private let values: [String: String]

    /// Reads `values` (`LMS_…` names to texts), as loaded from the environment and file or written by a test.
    ///
    /// - Throws: ``ConfigurationError/invalid(key:found:expected:)`` for any value that cannot be used, needed or not.
    public init(_ values: [String: String], defaultPort: Int = 0) throws(ConfigurationError) {
        self.values = values
        httpHost = try Settings.httpHost.value(in: values) ?? "127.0.0.1"
        httpPort = try Settings.httpPort.value(in: values) ?? defaultPort
        logLevel = try Settings.logLevel.value(in: values) ?? .info
        databaseReplicaURL = try Settings.databaseReplicaURL.value(in: values)
        databaseRolePrefix = try Settings.databaseRolePrefix.value(in: values) ?? ""
        webhookAllowsPrivateAddresses = try Settings.webhookAllowPrivate.value(in: values) ?? false
        alertMailsPerHour = try Settings.alertMailsPerHour.value(in: values) ?? 500
        signingKeyRotation = .seconds((try Settings.signingKeyDays.value(in: values) ?? 30) * 86_400)
        registrationsPerHour = try Settings.registrationsPerHour.value(in: values) ?? 10
        publicURL = try Settings.publicURL.value(in: values) ?? "http://localhost:8080"
        mail = try Settings.mailURL.value(in: values)
        mailSender =
            try Settings.mailFrom.value(in: values) ?? MailAddress(name: "LMS Core", address: "no-reply@localhost")
        identityProviders = try Settings.identityProviders.value(in: values) ?? []
        for setting in [Settings.databaseURL, Settings.databaseOwnerURL, Settings.redisURL] {
            _ = try setting.value(in: values)
        }
        _ = try Settings.secretKey.value(in: values)
        for setting in Settings.serviceURLs {
            _ = try setting.value(in: values)
        }
    }

    /// `LMS_DATABASE_URL`: the database, as the service's own role.
    public var databaseURL: String { get throws(ConfigurationError) { try require(Settings.databaseURL) } }

    /// `LMS_DATABASE_OWNER_URL`: the database, as the owner of the service's schema.
    public var databaseOwnerURL: String { get throws(ConfigurationError) { try require(Settings.databaseOwnerURL) } }

    /// `LMS_REDIS_URL`.
    public var redisURL: String { get throws(ConfigurationError) { try require(Settings.redisURL) } }

    /// `LMS_SECRET_KEY`: base64 of 32 bytes, or several of these, comma-separated, the one in use first.
    public var secretKey: String { get throws(ConfigurationError) { try require(Settings.secretKey) } }

    /// The base URL of another service, such as `LMS_AUTH_URL`.
    ///
    /// - Throws: ``ConfigurationError``, also where there are several.
    public func url(of peer: PeerService) throws(ConfigurationError) -> URL {
        let urls = try urls(of: peer)
        guard let url = urls.first, urls.count == 1 else {
            throw .invalid(
                key: peer.key, found: values[peer.key],
                expected: "one base URL of the \(peer.rawValue) service; only the gateway chooses among several")
        }
        return url
    }

    /// The base URLs of the copies of another service, at least one.
    public func urls(of peer: PeerService) throws(ConfigurationError) -> [URL] {
        for setting in Settings.serviceURLs where setting.key == peer.key {
            return try require(setting)
        }
        preconditionFailure("\(peer.key) has no setting")
    }

    private func require<Value>(_ setting: Setting<Value>) throws(ConfigurationError) -> Value {
        guard let value = try setting.value(in: values) else {
            throw .missing(key: setting.key, expected: setting.expected)
        }
        return value
    }
}
