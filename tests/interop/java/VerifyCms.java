import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.io.ByteArrayInputStream;
import java.util.Collection;

import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.ess.ESSCertIDv2;
import org.bouncycastle.asn1.ess.SigningCertificateV2;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.SignerInformationVerifier;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.jcajce.provider.digest.SM3;
import org.bouncycastle.tsp.TimeStampRequest;
import org.bouncycastle.tsp.TimeStampResponse;
import org.bouncycastle.tsp.TimeStampToken;

/**
 * Verifies with BouncyCastle what the gateway signs.
 *
 * cms ROOT CMS CONTENT [STAMP_ROOT]: the signature, its certificate reference, the chain to ROOT and the time-stamp
 * inside, whose chain ends at STAMP_ROOT, or at ROOT too.
 * token ROOT TOKEN CONTENT: a document time-stamp over what it covers.
 * response ROOT REQUEST RESPONSE: a time-stamp response against its request.
 * Prints what it found; ends with an exception when anything does not hold.
 */
public final class VerifyCms {
    private VerifyCms() {
    }

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        X509Certificate root = certificate(arguments[1]);
        if (arguments[0].equals("cms")) {
            X509Certificate stampRoot = arguments.length > 4 ? certificate(arguments[4]) : root;
            verifyCms(root, read(arguments[2]), read(arguments[3]), stampRoot);
        } else if (arguments[0].equals("token")) {
            verifyToken(root, new TimeStampToken(new CMSSignedData(read(arguments[2]))), read(arguments[3]));
        } else {
            verifyResponse(root, read(arguments[2]), read(arguments[3]));
        }
    }

    private static X509Certificate certificate(String file) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509", "BC")
            .generateCertificate(new ByteArrayInputStream(read(file)));
    }

    private static void verifyCms(X509Certificate root, byte[] encoded, byte[] content, X509Certificate stampRoot)
        throws Exception {
        require(Arrays.equals(ASN1Primitive.fromByteArray(encoded).getEncoded("DER"), encoded), "not DER");
        CMSSignedData signed = new CMSSignedData(new CMSProcessableByteArray(content), encoded);
        SignerInformation signer = signed.getSignerInfos().getSigners().iterator().next();
        X509CertificateHolder holder = only(signed.getCertificates().getMatches(signer.getSID()));
        require(signer.verify(verifier(holder)), "the signature does not verify");
        verifyReference(signer.getSignedAttributes(), holder);
        verifyChain(root, signed, holder);
        System.out.println("signature " + signer.getEncryptionAlgOID());
        AttributeTable unsigned = signer.getUnsignedAttributes();
        if (unsigned != null) {
            Attribute attribute = unsigned.get(PKCSObjectIdentifiers.id_aa_signatureTimeStampToken);
            byte[] token = attribute.getAttrValues().getObjectAt(0).toASN1Primitive().getEncoded("DER");
            verifyToken(stampRoot, new TimeStampToken(new CMSSignedData(token)), signer.getSignature());
        }
    }

    private static void verifyResponse(X509Certificate root, byte[] request, byte[] encoded) throws Exception {
        TimeStampResponse response = new TimeStampResponse(encoded);
        response.validate(new TimeStampRequest(request));
        verifyToken(root, response.getTimeStampToken(), null);
    }

    private static void verifyToken(X509Certificate root, TimeStampToken token, byte[] stamped) throws Exception {
        CMSSignedData signed = token.toCMSSignedData();
        X509CertificateHolder holder = only(signed.getCertificates().getMatches(token.getSID()));
        token.validate(verifier(holder));
        verifyChain(root, signed, holder);
        if (stamped != null) {
            byte[] imprint = new SM3.Digest().digest(stamped);
            require(Arrays.equals(token.getTimeStampInfo().getMessageImprintDigest(), imprint), "another imprint");
        }
        System.out.println("time-stamp " + token.getTimeStampInfo().getSerialNumber());
    }

    private static void verifyReference(AttributeTable attributes, X509CertificateHolder holder) throws Exception {
        Attribute attribute = attributes.get(PKCSObjectIdentifiers.id_aa_signingCertificateV2);
        ESSCertIDv2 reference = SigningCertificateV2.getInstance(attribute.getAttrValues().getObjectAt(0)).getCerts()[0];
        require(reference.getHashAlgorithm().getAlgorithm().getId().equals("1.2.156.10197.1.401"), "not SM3");
        byte[] digest = new SM3.Digest().digest(holder.getEncoded());
        require(Arrays.equals(reference.getCertHash(), digest), "another certificate is referred to");
    }

    private static void verifyChain(X509Certificate root, CMSSignedData signed, X509CertificateHolder leaf)
        throws Exception {
        JcaX509CertificateConverter converter = new JcaX509CertificateConverter().setProvider("BC");
        X509Certificate current = converter.getCertificate(leaf);
        while (!current.getIssuerX500Principal().equals(root.getSubjectX500Principal())) {
            X509Certificate issuer = null;
            for (X509CertificateHolder candidate : signed.getCertificates().getMatches(null)) {
                X509Certificate certificate = converter.getCertificate(candidate);
                if (certificate.getSubjectX500Principal().equals(current.getIssuerX500Principal())) {
                    issuer = certificate;
                }
            }
            require(issuer != null && !issuer.equals(current), "the chain does not reach the root");
            current.verify(issuer.getPublicKey(), "BC");
            current = issuer;
        }
        current.verify(root.getPublicKey(), "BC");
    }

    private static SignerInformationVerifier verifier(X509CertificateHolder holder) throws Exception {
        return new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(holder);
    }

    private static X509CertificateHolder only(Collection<X509CertificateHolder> holders) {
        require(holders.size() == 1, "the signer's certificate is not embedded once");
        return holders.iterator().next();
    }

    private static void require(boolean condition, String complaint) {
        if (!condition) {
            throw new IllegalStateException(complaint);
        }
    }

    private static byte[] read(String path) throws Exception {
        return Files.readAllBytes(Path.of(path));
    }
}
