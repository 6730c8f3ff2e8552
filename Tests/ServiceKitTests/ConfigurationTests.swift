import Foundation
import Logging
import Testing

@testable import ServiceKit

@Suite struct ConfigurationTests {
    private static let key = Data(repeating: 7, count: 32).base64EncodedString()

    @Test func whatIsNotSetHasItsDefault() throws {
        let configuration = try ServiceConfiguration([:], defaultPort: 8102)
        #expect(configuration.httpHost == "127.0.0.1")
        #expect(configuration.httpPort == 8102)
        #expect(configuration.logLevel == .info)
        #expect(configuration.databaseRolePrefix == "")
        #expect(configuration.databaseReplicaURL == nil)
        #expect(!configuration.webhookAllowsPrivateAddresses)
        #expect(configuration.registrationsPerHour == 10)
        #expect(configuration.alertMailsPerHour == 500)
    }

    @Test func whatIsSetIsRead() throws {
        let configuration = try ServiceConfiguration([
            "LMS_HTTP_PORT": "9000", "LMS_LOG_LEVEL": "DEBUG", "LMS_SECRET_KEY": Self.key,
            "LMS_AUTH_URL": "http://127.0.0.1:8101", "LMS_REDIS_URL": "redis://127.0.0.1:6379/0",
            "LMS_WEBHOOK_ALLOW_PRIVATE": "true", "LMS_REGISTRATIONS_PER_HOUR": "250",
            "LMS_ALERT_MAILS_PER_HOUR": "0",
            "LMS_DATABASE_REPLICA_URL": "postgresql://replica/lms",
        ])
        #expect(configuration.httpPort == 9000)
        #expect(configuration.logLevel == .debug)
        #expect(try configuration.secretKey == Self.key)
        #expect(try configuration.url(of: .auth).absoluteString == "http://127.0.0.1:8101")
        #expect(try configuration.redisURL == "redis://127.0.0.1:6379/0")
        #expect(configuration.webhookAllowsPrivateAddresses)
        #expect(configuration.registrationsPerHour == 250)
        #expect(configuration.alertMailsPerHour == 0)
        #expect(configuration.databaseReplicaURL == "postgresql://replica/lms")
    }

    @Test func aNeededValueThatIsMissingSaysWhatToType() throws {
        let configuration = try ServiceConfiguration([:])
        let error = #expect(throws: ConfigurationError.self) { try configuration.databaseURL }
        #expect(
            error?.description
                == "LMS_DATABASE_URL is not set; set it to postgresql://role:password@host:port/database.")
    }

    @Test(arguments: [
        ("LMS_HTTP_PORT", "eighty", "LMS_HTTP_PORT is 'eighty'; set it to a port number from 0 to 65535."),
        ("LMS_HTTP_PORT", "65536", "LMS_HTTP_PORT is '65536'; set it to a port number from 0 to 65535."),
        (
            "LMS_REGISTRATIONS_PER_HOUR", "0",
            "LMS_REGISTRATIONS_PER_HOUR is '0'; set it to a number from 1 to 1000000."
        ),
        ("LMS_WEBHOOK_ALLOW_PRIVATE", "perhaps", "LMS_WEBHOOK_ALLOW_PRIVATE is 'perhaps'; set it to true or false."),
        (
            "LMS_BILLING_URL", "127.0.0.1:8105",
            "LMS_BILLING_URL is '127.0.0.1:8105'; set it to the base URL of the billing service, such as "
                + "http://127.0.0.1:8101, or for the gateway several, with commas between."
        ),
        (
            "LMS_DATABASE_REPLICA_URL", "replica",
            "LMS_DATABASE_REPLICA_URL has an unusable value (not shown, it is secret); set it to "
                + "postgresql://role:password@host:port/database."
        ),
        (
            "LMS_REDIS_URL", "localhost",
            "LMS_REDIS_URL has an unusable value (not shown, it is secret); set it to "
                + "redis://[user:password@]host:port/database."
        ),
    ])
    func anUnusableValueSaysWhatWasFoundUnlessItIsSecret(key: String, text: String, sentence: String) {
        let error = #expect(throws: ConfigurationError.self) { try ServiceConfiguration([key: text]) }
        #expect(error?.description == sentence)
    }

    @Test func aServiceMayHaveSeveralAddressesButOnlyForTheGateway() throws {
        let configuration = try ServiceConfiguration(["LMS_AUTH_URL": "http://a:1 ,https://b"])
        #expect(try configuration.urls(of: .auth).map(\.absoluteString) == ["http://a:1", "https://b"])
        let error = #expect(throws: ConfigurationError.self) { try configuration.url(of: .auth) }
        #expect(
            error?.description
                == "LMS_AUTH_URL is 'http://a:1 ,https://b'; set it to one base URL of the auth service; "
                + "only the gateway chooses among several.")
    }

    @Test(arguments: ["http://a:1,", ",http://a:1", "http://a:1,,http://b:2", "http://a:1,b:2", ","])
    func noAddressOfSeveralMayBeMissing(text: String) {
        let error = #expect(throws: ConfigurationError.self) { try ServiceConfiguration(["LMS_AUTH_URL": text]) }
        #expect(error?.description.hasPrefix("LMS_AUTH_URL is '\(text)'") == true)
    }

    @Test(arguments: ["c2hvcnQ=", "not base64", ""])
    func aSecretKeyHasThirtyTwoBytes(text: String) {
        #expect(throws: ConfigurationError.self) {
            _ = try ServiceConfiguration(["LMS_SECRET_KEY": text]).secretKey
        }
    }

    @Test func secretKeysMayBeSeveral() throws {
        let keys = Self.key + "," + Self.key
        #expect(try ServiceConfiguration(["LMS_SECRET_KEY": keys]).secretKey == keys)
    }

    @Test(arguments: [
        ("yaml", "LMS_HTTP_PORT: 9001\nLMS_LOG_LEVEL: warning\n"),
        ("json", #"{"LMS_HTTP_PORT": 9001, "LMS_LOG_LEVEL": "warning"}"#),
    ])
    func theEnvironmentWinsOverTheFile(format: String, text: String) async throws {
        let path = NSTemporaryDirectory() + "lms-\(UUID()).\(format)"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let configuration = try await ServiceConfiguration.load(
            environment: ["LMS_CONFIG_FILE": path, "LMS_LOG_LEVEL": "error"], defaultPort: 1)
        #expect(configuration.httpPort == 9001)
        #expect(configuration.logLevel == .error)
    }

    @Test func aFileThatIsNotThereIsNamed() async throws {
        let error = await #expect(throws: ConfigurationError.self) {
            try await ServiceConfiguration.load(environment: ["LMS_CONFIG_FILE": "/nowhere/lms.yaml"], defaultPort: 1)
        }
        #expect(error?.description.contains("'/nowhere/lms.yaml', which cannot be read") == true)
    }

    @Test func misspeltNamesAreFound() {
        let environment = ["LMS_REDIS_URI": "x", "LMS_REDIS_URL": "x", "LMS_TEST_DATABASE_URL": "x", "PATH": "x"]
        #expect(ServiceConfiguration.unknownKeys(in: environment) == ["LMS_REDIS_URI"])
    }
}
