import Crypto
import Foundation
import Testing

@testable import AlertsService

@Suite struct WebhookSignatureTests {
    @Test func signsTimestampAndBodyWithTheSecret() {
        let body = Array(#"{"a":1}"#.utf8)
        let signature = WebhookSignature(secret: Array("key".utf8), body: body, secondsSince1970: 1_700_000_000)
        let expected = HMAC<SHA256>.authenticationCode(
            for: Data(#"1700000000.{"a":1}"#.utf8), using: SymmetricKey(data: Data("key".utf8)))
        #expect(signature.timestamp == "1700000000")
        #expect(signature.value == "v1=" + expected.map { String(format: "%02x", $0) }.joined())
    }
}
