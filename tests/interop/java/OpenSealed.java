import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/** Opens a sealed field with SM4-GCM: KEY (hex), AAD (hex), NONCE||CIPHERTEXT||TAG (base64url). */
public class OpenSealed {
    public static void main(String[] arguments) throws Exception {
        byte[] key = HexFormat.of().parseHex(arguments[0]);
        byte[] data = Base64.getUrlDecoder().decode(arguments[2]);
        Cipher cipher = Cipher.getInstance("SM4/GCM/NoPadding", new BouncyCastleProvider());
        cipher.init(Cipher.DECRYPT_MODE, new SecretKeySpec(key, "SM4"), new GCMParameterSpec(128, data, 0, 12));
        cipher.updateAAD(HexFormat.of().parseHex(arguments[1]));
        byte[] plain = cipher.doFinal(data, 12, data.length - 12);
        System.out.write(plain, 0, plain.length);
        System.out.flush();
    }
}
