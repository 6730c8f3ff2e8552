import CCurl
import Glibc

/// One exchange: a curl handle, what is sent and what has been received through it. This is what every protocol shares;
/// what HTTP and SMTP add is in extensions.
///
/// `@unchecked Sendable`: one after the other, and never two at once, its maker, the reactor's thread (from
/// ``TransferEngine/perform(_:)`` until that returns) and again its maker touch it.
final class Transfer: @unchecked Sendable {
    let handle: UnsafeMutableRawPointer
    /// Header lines of the response that is being received, with their line ends.
    var headerLines: [String] = []
    private(set) var body: [UInt8] = []
    /// What is still to be sent of an upload.
    private var upload: ArraySlice<UInt8> = []
    private let addressPolicy: AddressPolicy
    private let maximumBytes: Int
    private var headerBytes = 0
    private var isTooLarge = false
    private var refusedAddress: IPAddress?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var lists: [UnsafeMutablePointer<curl_slist>] = []

    /// As much of a response's header as is accepted, in bytes.
    private static let maximumHeaderBytes = 1 << 16

    /// - Throws: ``TransferError/transferFailed(reason:)`` when there is no memory.
    init(
        url: String, timeout: Duration, connectTimeout: Duration, maximumBytes: Int, addressPolicy: AddressPolicy
    ) throws(TransferError) {
        _ = curlIsInitialized
        guard let handle = curl_easy_init() else { throw .transferFailed(reason: "out of memory") }
        self.handle = handle
        self.maximumBytes = maximumBytes
        self.addressPolicy = addressPolicy
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        curl_set_string(handle, CURLOPT_URL, url)
        curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        curl_set_long(handle, CURLOPT_TIMEOUT_MS, timeout.milliseconds)
        curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, connectTimeout.milliseconds)
        curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        curl_abandon_lookups(handle)
        // An empty name also hides the proxies of the environment, which would be connected to instead of the host
        // that the address policy is to judge.
        curl_set_string(handle, CURLOPT_PROXY, "")
        setCallbacks()
    }

    deinit {
        curl_easy_cleanup(handle)
        for list in lists { curl_slist_free_all(list) }
        errorText.deallocate()
    }

    /// Sets an option that takes a list of lines.
    func setLines(_ lines: [String], for option: CURLoption) {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines { list = curl_slist_append(list, line) }
        curl_set_list(handle, option, list)
        if let list { lists.append(list) }
    }

    /// Sends `bytes` where the protocol has something to upload.
    func setUpload(_ bytes: [UInt8]) {
        upload = bytes[...]
        curl_set_long(handle, CURLOPT_UPLOAD, 1)
        curl_set_size(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(bytes.count))
        curl_set_pointer(handle, CURLOPT_READDATA, Unmanaged.passUnretained(self).toOpaque())
        curl_set_data_function(handle, CURLOPT_READFUNCTION) { buffer, _, room, owner in
            Transfer.from(owner).provide(UnsafeMutableRawBufferPointer(start: buffer, count: room))
        }
    }

    /// The status of the last response; 0 when there was none.
    var responseCode: Int {
        var code = 0
        curl_get_long(handle, CURLINFO_RESPONSE_CODE, &code)
        return code
    }

    /// Turns curl's result into an error.
    func check(_ code: CURLcode) throws(TransferError) {
        guard code != CURLE_OK else { return }
        if isTooLarge { throw .responseTooLarge }
        if let refusedAddress { throw .addressRefused(refusedAddress) }
        throw TransferError(code, reason: reason(for: code))
    }

    private func reason(for code: CURLcode) -> String {
        String(cString: errorText.pointee != 0 ? UnsafePointer(errorText) : curl_easy_strerror(code))
    }

    // MARK: What curl calls

    private func setCallbacks() {
        let owner = Unmanaged.passUnretained(self).toOpaque()
        for option in [CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_OPENSOCKETDATA, CURLOPT_PREREQDATA] {
            curl_set_pointer(handle, option, owner)
        }
        curl_set_data_function(handle, CURLOPT_WRITEFUNCTION) { bytes, _, count, owner in
            Transfer.from(owner).receiveBody(UnsafeRawBufferPointer(start: bytes, count: count))
        }
        curl_set_data_function(handle, CURLOPT_HEADERFUNCTION) { bytes, _, count, owner in
            Transfer.from(owner).receiveHeaderLine(UnsafeRawBufferPointer(start: bytes, count: count))
        }
        curl_set_opensocket(handle) { owner, _, address in
            address.map { Transfer.from(owner).openSocket($0) } ?? CURL_SOCKET_BAD
        }
        // A connection that is used again has had its socket made under the policy of another request.
        curl_set_prereq(handle) { owner, address, _, _, _ in
            let permits = address.map { Transfer.from(owner).permits(IPAddress(String(cString: $0))) } ?? false
            return permits ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
        }
    }

    private static func from(_ owner: UnsafeMutableRawPointer?) -> Transfer {
        guard let owner else { preconditionFailure("curl calls back without its data") }
        return Unmanaged<Transfer>.fromOpaque(owner).takeUnretainedValue()
    }

    /// The number of bytes taken; fewer than there are ends the transfer.
    private func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard body.count + bytes.count <= maximumBytes else {
            body.append(contentsOf: bytes.prefix(maximumBytes - body.count))
            isTooLarge = true
            return 0
        }
        body.append(contentsOf: bytes)
        return bytes.count
    }

    /// The number of bytes provided; 0 at the end.
    private func provide(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let piece = upload.prefix(buffer.count)
        buffer.copyBytes(from: piece)
        upload = upload.dropFirst(piece.count)
        return piece.count
    }

    private func receiveHeaderLine(_ bytes: UnsafeRawBufferPointer) -> Int {
        headerBytes += bytes.count
        guard headerBytes <= Self.maximumHeaderBytes else {
            isTooLarge = true
            return 0
        }
        headerLines.append(String(decoding: bytes, as: UTF8.self))
        return bytes.count
    }

    private func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        guard let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) else { return CURL_SOCKET_BAD }
        let socketAddress = UnsafeRawPointer(address).advanced(by: offset).assumingMemoryBound(to: sockaddr.self)
        guard permits(IPAddress(socketAddress)) else { return CURL_SOCKET_BAD }
        let type = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
        return socket(address.pointee.family, type, address.pointee.protocol)
    }

    private func permits(_ address: IPAddress?) -> Bool {
        guard let address else { return false }
        guard addressPolicy.permits(address) else {
            refusedAddress = address
            return false
        }
        return true
    }
}

extension TransferError {
    init(_ code: CURLcode, reason: String) {
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: self = .invalidURL(reason: reason)
        case CURLE_COULDNT_RESOLVE_HOST: self = .hostNotFound(reason: reason)
        case CURLE_COULDNT_CONNECT: self = .connectionFailed(reason: reason)
        case CURLE_OPERATION_TIMEDOUT: self = .timedOut
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_USE_SSL_FAILED:
            self = .tlsFailed(reason: reason)
        default: self = .transferFailed(reason: reason)
        }
    }
}

extension Duration {
    /// Whole milliseconds, at least 1, since curl takes 0 for "without end".
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        return max(1, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }
}

private let curlIsInitialized: Void = { _ = curl_global_init(Int(CURL_GLOBAL_ALL)) }()
