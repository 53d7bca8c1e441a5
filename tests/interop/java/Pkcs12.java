import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;

import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8DecryptorProviderBuilder;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;

/**
 * Key containers of BouncyCastle.
 *
 * write TYPE ALGORITHM KEY.der CERTIFICATES.pem PASSWORD OUT: a PKCS#12 file of a plain PKCS#8 key; TYPE as BouncyCastle calls it.
 * open KEY.p8 PASSWORD: the plain form of an encrypted PKCS#8 file, hexadecimal.
 */
public final class Pkcs12 {
    private Pkcs12() {
    }

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        if (arguments[0].equals("open")) {
            PKCS8EncryptedPrivateKeyInfo sealed = new PKCS8EncryptedPrivateKeyInfo(Files.readAllBytes(Path.of(arguments[1])));
            PrivateKeyInfo plain = sealed.decryptPrivateKeyInfo(
                new JceOpenSSLPKCS8DecryptorProviderBuilder().setProvider("BC").build(arguments[2].toCharArray()));
            PrivateKey key = KeyFactory.getInstance(arguments[3], "BC").generatePrivate(new PKCS8EncodedKeySpec(plain.getEncoded()));
            System.out.println(key.getAlgorithm() + " " + java.util.HexFormat.of().formatHex(plain.getEncoded()));
            return;
        }
        byte[] encoded = Files.readAllBytes(Path.of(arguments[3]));
        PrivateKey key = KeyFactory.getInstance(arguments[2], "BC").generatePrivate(new PKCS8EncodedKeySpec(encoded));
        Certificate[] chain;
        try (FileInputStream in = new FileInputStream(arguments[4])) {
            chain = CertificateFactory.getInstance("X.509", "BC").generateCertificates(in).toArray(new Certificate[0]);
        }
        KeyStore store = KeyStore.getInstance(arguments[1], "BC");
        store.load(null, null);
        store.setKeyEntry("seal", key, null, chain);
        try (FileOutputStream out = new FileOutputStream(arguments[6])) {
            store.store(out, arguments[5].toCharArray());
        }
    }
}
