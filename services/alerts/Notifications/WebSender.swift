import FoundationEssentials
import HTTPTypes
import Kernel
import Outbound
import Postgres
import ServiceKit

/// Posts one message to a web address and says how it went.
struct WebSender: Sendable {
    private static let longestRetryAfter = Duration.seconds(3_600)

    private let client: HTTPClient
    private let policy: AddressPolicy
    private let timeout: Duration

    /// - Parameters:
    ///   - allowsPrivateAddresses: Whether loopback, link-local and private addresses may be reached.
    ///   - timeout: The longest time from the name's resolution to the answer.
    init(client: HTTPClient, allowsPrivateAddresses: Bool, timeout: Duration = .seconds(10)) {
        self.client = client
        self.timeout = timeout
        policy = allowsPrivateAddresses ? .any : .publicOnly
    }

    /// - Parameters:
    ///   - id: The same at every attempt, so that the receiver can tell a repetition.
    ///   - secret: Signs the message; nil leaves it unsigned.
    func post(
        _ body: [UInt8], id: UUID, to url: String, secret: [UInt8]? = nil, at now: Timestamp = .now
    ) async -> DeliveryOutcome {
        var request = HTTPClient.Request(method: .post, url: url, body: body)
        request.addressPolicy = policy
        request.timeout = timeout
        request.maximumResponseBytes = 1 << 16
        // Its status says whether the message was taken, however long or slow the rest is.
        request.acceptsPartialBody = true
        request.headers = [
            .contentType: "application/json", .userAgent: "LMS-Core-Webhook/1", .deliveryID: id.text,
        ]
        if let secret {
            let signature = WebhookSignature(
                secret: secret, body: body, secondsSince1970: now.microseconds / 1_000_000)
            request.headers[.timestamp] = signature.timestamp
            request.headers[.signature] = signature.value
        }
        do {
            return Self.outcome(of: try await client.execute(request), at: now)
        } catch {
            return Self.outcome(of: error)
        }
    }

    /// Anything but 2xx may be mended within the day: a receiver that is being deployed answers 404, one behind a new
    /// proxy 401 or a redirect. 410 alone says that it never will be (RFC 9110 §15.5.11).
    private static func outcome(of answer: HTTPClient.Response, at now: Timestamp) -> DeliveryOutcome {
        let text = String(decoding: answer.body.prefix(4 * DeliveryAttempt.maximumDetail), as: UTF8.self)
        let response = DeliveryOutcome.Response(
            status: answer.status.code, text: String(text.prefix(DeliveryAttempt.maximumDetail)))
        if answer.status.kind == .successful { return .sent(response) }
        if answer.status == .gone { return .refused("the receiver answered 410", response) }
        let redirects = answer.status.kind == .redirection
        return .failed(
            DeliveryOutcome.Failure(
                reason: "the receiver answered \(answer.status.code)"
                    + (redirects ? "; redirects are not followed" : ""),
                response: response,
                retryAfter: pause(answer.status, retryAfter: answer.headers[.retryAfter], at: now)))
    }

    private static func outcome(of error: any Error) -> DeliveryOutcome {
        switch error as? TransferError {
        case .addressRefused(let address): .refused("the address \(address) is not public")
        case .invalidURL(let reason): .refused("the URL cannot be used: \(reason)")
        case .hostNotFound, .connectionFailed, .tlsFailed: .failed(DeliveryOutcome.Failure(reason: "\(error)"))
        case .timedOut, .responseTooLarge, .transferFailed, nil:
            .failed(DeliveryOutcome.Failure(reason: "\(error)", isAmbiguous: true))
        }
    }

    /// What `Retry-After` asks for, in seconds or as a time (RFC 9110 §10.2.3), up to an hour.
    static func pause(_ status: HTTPResponse.Status, retryAfter: String?, at now: Timestamp) -> Duration? {
        guard [.tooManyRequests, .serviceUnavailable].contains(status), let text = retryAfter else { return nil }
        if let seconds = UInt32(text) { return min(.seconds(Int(seconds)), longestRetryAfter) }
        guard let second = HTTPDate.second(of: text) else { return nil }
        let until = Timestamp(microseconds: Int64(second) * 1_000_000).since(now)
        return min(max(until, .zero), longestRetryAfter)
    }
}

extension HTTPField.Name {
    fileprivate static let deliveryID = known("LMS-Delivery-ID")
    fileprivate static let timestamp = known("LMS-Timestamp")
    fileprivate static let signature = known("LMS-Signature")

    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no field name") }
        return name
    }
}
