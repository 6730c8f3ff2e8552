import Foundation
import TestKit
import Testing

@testable import DevicesService

@Suite struct ThingsBoardFirmwareTests {
    @Test func `an image is had in chunks, or whole`() async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        let size = Firmware.chunkSize + 5000
        let firmware = try await organization.firmware("1.4.2", size: size)
        let path = device.thingsBoard("firmware?title=esp32&version=1.4.2")
        let chunk = 100_000
        var image: [UInt8] = []
        for number in 0...(size / chunk) {
            let answer = try await device.anonymous.get("\(path)&size=\(chunk)&chunk=\(number)")
            #expect(answer.status == 200)
            #expect(answer.header("content-length") == "\(min(chunk, size - number * chunk))")
            image += answer.body
        }
        #expect(image == firmware.image)
        #expect(try await device.anonymous.get("\(path)&size=\(chunk)&chunk=3").status == 422)
        #expect(try await device.anonymous.get(path).body == firmware.image)
        let part = try await device.anonymous.get(path, headers: ["range": "bytes=0-9"])
        #expect(part.status == 206)
        #expect(part.body == Array(firmware.image.prefix(10)))
    }

    @Test(
        arguments: [
            ("title=esp8266&version=1", 404), ("title=esp32&version=2", 404), ("title=esp32&version=x", 404),
            ("version=1", 422), ("title=esp32", 422), ("title=esp32&version=1&size=-1", 422),
            ("title=esp32&version=1&size=10&chunk=x", 422), ("title=esp32&version=1&size=10&chunk=16777217", 422),
        ])
    func `a firmware that there is none of is 404, and a query that is wrong 422`(
        query: String, status: Int
    ) async throws {
        let organization = try await DevicesServer.shared().organization()
        let device = try await organization.device()
        _ = try await organization.firmware("1")
        _ = try await organization.firmware("1", for: "esp8266")
        #expect(try await device.anonymous.get(device.thingsBoard("firmware?\(query)")).status == status)
    }
}
