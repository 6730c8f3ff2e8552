import Glibc

/// Listening sockets in one message on a UNIX socket (`SCM_RIGHTS`, unix(7)): a byte for the kind of each, and beside them
/// the descriptors.
enum DescriptorMessage {
    /// What the system takes in one message.
    static let limit = 253
    /// Of the header of the control message: its length, level and type.
    private static let headerSize = 16
    private static let rights: CInt = 1

    static func send(_ sockets: [ListeningSocket], on channel: CInt) throws(SocketError) {
        var kinds = sockets.map(\.kind.rawValue)
        let length = headerSize + 4 * sockets.count
        let sent = withControl(bytes: (length + 7) & ~7) { control in
            control.storeBytes(of: length, as: Int.self)
            control.storeBytes(of: SOL_SOCKET, toByteOffset: 8, as: CInt.self)
            control.storeBytes(of: rights, toByteOffset: 12, as: CInt.self)
            for (index, socket) in sockets.enumerated() {
                control.storeBytes(of: socket.descriptor, toByteOffset: headerSize + 4 * index, as: CInt.self)
            }
            return withMessage(&kinds, control) { sendmsg(channel, &$0, 0) }
        }
        try SocketError.check(CInt(sent))
    }

    /// - Returns: nothing where the other side has ended instead.
    static func receive(on channel: CInt) throws(SocketError) -> [ListeningSocket] {
        var kinds = [UInt8](repeating: 0, count: limit)
        var descriptors: [CInt] = []
        var isCut = false
        let received = withControl(bytes: headerSize + 4 * limit + 4) { control in
            withMessage(&kinds, control) { message in
                // Nobody whom this process starts in between gets them.
                let received = recvmsg(channel, &message, CInt(MSG_CMSG_CLOEXEC))
                isCut = received > 0 && message.msg_flags & CInt(MSG_CTRUNC) != 0
                guard received > 0, message.msg_controllen >= headerSize,
                    control.load(fromByteOffset: 12, as: CInt.self) == rights
                else { return received }
                let length = min(control.load(as: Int.self), Int(message.msg_controllen))
                for offset in stride(from: headerSize, to: length, by: 4) {
                    descriptors.append(control.load(fromByteOffset: offset, as: CInt.self))
                }
                return received
            }
        }
        try SocketError.check(CInt(received))
        guard !isCut else {
            // As where this process may open no more: clients would wait for ever in those that are missing.
            for descriptor in descriptors { close(descriptor) }
            throw SocketError(errnoCode: EMFILE)
        }
        return zip(descriptors, kinds.prefix(received)).compactMap { descriptor, kind in
            guard let kind = Site.Kind(rawValue: kind) else {
                close(descriptor)
                return nil
            }
            return ListeningSocket(descriptor: descriptor, kind: kind)
        }
    }

    /// Memory for a control message, zeroed and aligned as the system wants it.
    private static func withControl(bytes: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 8) { control in
            control.initializeMemory(as: UInt8.self, repeating: 0)
            return body(control)
        }
    }

    private static func withMessage(
        _ bytes: inout [UInt8], _ control: UnsafeMutableRawBufferPointer, _ body: (inout msghdr) -> Int
    ) -> Int {
        bytes.withUnsafeMutableBytes { bytes in
            var vector = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
            return withUnsafeMutablePointer(to: &vector) { vector in
                var message = msghdr()
                message.msg_iov = vector
                message.msg_iovlen = 1
                message.msg_control = control.baseAddress
                message.msg_controllen = control.count
                return body(&message)
            }
        }
    }
}
