import java.math.BigInteger;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Security;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.X509EncodedKeySpec;

import org.bouncycastle.jcajce.spec.SM2ParameterSpec;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * SM2 with BouncyCastle, hexadecimal in and out.
 *
 * verify SPKI MESSAGE SIGNATURE: prints true or false.
 * sign MESSAGE: prints SPKI and SIGNATURE of a fresh key.
 */
public final class Sm2 {
    private static final byte[] IDENTITY = "1234567812345678".getBytes();

    private Sm2() {
    }

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        Signature scheme = Signature.getInstance("SM3withSM2", "BC");
        scheme.setParameter(new SM2ParameterSpec(IDENTITY));
        if (arguments[0].equals("verify")) {
            scheme.initVerify(KeyFactory.getInstance("EC", "BC").generatePublic(new X509EncodedKeySpec(bytes(arguments[1]))));
            scheme.update(bytes(arguments[2]));
            System.out.println(scheme.verify(bytes(arguments[3])));
            return;
        }
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", "BC");
        generator.initialize(new ECGenParameterSpec("sm2p256v1"));
        KeyPair pair = generator.generateKeyPair();
        scheme.initSign(pair.getPrivate());
        scheme.update(bytes(arguments[1]));
        System.out.println(hex(pair.getPublic().getEncoded()) + " " + hex(scheme.sign()));
    }

    private static byte[] bytes(String hex) {
        byte[] value = new BigInteger("01" + hex, 16).toByteArray();
        return java.util.Arrays.copyOfRange(value, 1, value.length);
    }

    private static String hex(byte[] value) {
        return java.util.HexFormat.of().formatHex(value);
    }
}
